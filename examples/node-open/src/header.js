/** The header, section 3: what whoever carries the envelope can see. */

import { check } from './refusal.js';
import { readMessage } from './wire.js';

const MALFORMED = 'ENVELOPE_MALFORMED';
const MAX_TIME = 253_402_300_799_999; // times behind the year 9999, which no calendar can show
const MAX_PARTS = 2_147_483_647; // a number that does not end

export const DATA = 1;
const TYPES = [DATA, 2, 3]; // data, request, acknowledgement

/** @type {readonly import('./wire.js').Field[]} */
const HEADER = [
  ['version', true, 65_535],
  ['suite', true, 65_535],
  ['id', false, 16],
  ['type', true, 255],
  ['sender', false, 18],
  ['sender_key_id', false, 26],
  ['recipient', false, 18],
  ['recipient_key_id', false, 26],
  ['created', true, MAX_TIME],
  ['expires', true, MAX_TIME],
  ['stream_id', false, 16],
  ['part', true, MAX_PARTS],
  ['last', true, 1],
  ['previous_digest', false, 64],
  ['request_digest', false, 64],
];
const REQUIRED = HEADER.slice(0, 10).map(([name]) => name);
export const DEPARTMENT = /^[0-9A-HJ-NPQRTUWXY]{18}$/;
export const KEY_ID = /^[a-z2-7]{26}$/;

/**
 * Times are Unix milliseconds; ids and digests bytes; absent fields undefined.
 * @typedef {object} Header
 * @property {number} version
 * @property {number} suite
 * @property {Buffer} id
 * @property {number} type
 * @property {string} sender
 * @property {string} sender_key_id
 * @property {string} recipient
 * @property {string} recipient_key_id
 * @property {number} created
 * @property {number} expires
 * @property {Buffer} [stream_id]
 * @property {number} [part]
 * @property {number} [last]
 * @property {Buffer} [previous_digest]
 * @property {Buffer} [request_digest]
 */

/**
 * Read the header from the bytes of field 1; of the suite only that there is a number.
 * @param {Buffer} data
 * @returns {Header}
 */
export function readHeader(data) {
  const fields = readMessage(data, HEADER, 'header');
  for (const name of REQUIRED) check(fields.has(name), MALFORMED, `header has no ${name}`);
  /** @type {Record<string, any>} */
  const header = Object.fromEntries(fields);
  for (const name of ['sender', 'recipient']) header[name] = text(header, name, DEPARTMENT);
  for (const name of ['sender_key_id', 'recipient_key_id']) {
    header[name] = text(header, name, KEY_ID);
  }
  check(header.version === 1, MALFORMED, 'header version');
  check(TYPES.includes(header.type), MALFORMED, 'header type');
  checkUuid(header.id);
  checkStream(header);
  return /** @type {Header} */ (header);
}

/**
 * @param {Record<string, any>} header
 * @param {string} name
 * @param {RegExp} pattern
 */
function text(header, name, pattern) {
  const spelled = header[name].toString('latin1');
  check(pattern.test(spelled), MALFORMED, `header ${name}`);
  return spelled;
}

/** @param {Buffer} id */
function checkUuid(id) {
  check(id.length === 16, MALFORMED, 'header id');
  check(id[6] >> 4 === 7 && id[8] >> 6 === 2, MALFORMED, 'header id is no UUIDv7');
}

/** @param {Record<string, any>} header */
function checkStream({ stream_id, part, last, previous_digest }) {
  if (stream_id === undefined) {
    const rest = [part, last, previous_digest];
    check(rest.every((value) => value === undefined), MALFORMED, 'header has a part of no stream');
    return;
  }
  check(stream_id.length === 16, MALFORMED, 'header stream_id');
  check(part !== undefined, MALFORMED, 'header has no part');
  check((previous_digest === undefined) === (part === 1), MALFORMED, 'header previous_digest');
}
