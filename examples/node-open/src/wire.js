/**
 * The wire form, sections 1 and 2: a subset of protobuf with one byte form for each message.
 */

import { Refusal, check } from './refusal.js';

/**
 * A field of a message: its name, whether it is a number, and its largest value or length.
 * A field's number is its place in the schema, from 1.
 * @typedef {readonly [name: string, isNumber: boolean, limit: number]} Field
 */

const MALFORMED = 'ENVELOPE_MALFORMED';
const MAX_VARINT_BYTES = 10; // a varint that does not end
export const MAX_ENVELOPE_BYTES = 18_939_904; // a message that fills memory

/** @type {readonly Field[]} */
const ENVELOPE = [
  ['header', false, 512], // a header that is a payload
  ['wrapped_key', false, 4_096],
  ['payload', false, MAX_ENVELOPE_BYTES],
  ['signature', false, 512],
];

/**
 * Take the shortest varint at a place.
 * Sums are exact up to 2^53, above which every field's limit refuses.
 * @param {Buffer} data
 * @param {number} at
 * @param {string} what
 * @returns {[value: number, next: number]}
 */
function takeVarint(data, at, what) {
  let value = 0;
  for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
    check(at + index < data.length, MALFORMED, `${what} ends within a number`);
    const byte = data[at + index];
    value += (byte & 127) * 2 ** (7 * index);
    if (byte < 128) {
      check(byte !== 0 || index === 0, MALFORMED, `${what} has a number that is not the shortest`);
      return [value, at + index + 1];
    }
  }
  throw new Refusal(MALFORMED, `${what} has a number without end`);
}

/**
 * Read a message strictly.
 * @param {Buffer} data
 * @param {readonly Field[]} schema
 * @param {string} what `envelope` or `header`, for refusals
 * @returns {Map<string, number | Buffer>} the fields that are there, by name
 */
export function readMessage(data, schema, what) {
  /** @type {Map<string, number | Buffer>} */
  const found = new Map();
  let before = 0;
  let at = 0;
  while (at < data.length) {
    let tag, value;
    [tag, at] = takeVarint(data, at, what);
    const number = Math.floor(tag / 8);
    check(number > before, MALFORMED, `${what} has fields out of order`);
    check(number <= schema.length, MALFORMED, `${what} has an unknown field`);
    const [name, isNumber, limit] = schema[number - 1];
    check(tag % 8 === (isNumber ? 0 : 2), MALFORMED, `${what} field ${number} has a wrong type`);
    [value, at] = takeVarint(data, at, what);
    check(value > 0, MALFORMED, `${what} field ${number} is at its default`);
    check(value <= limit, MALFORMED, `${what} field ${number} is above its limit`);
    if (isNumber) {
      found.set(name, value);
    } else {
      check(value <= data.length - at, MALFORMED, `${what} field ${number} is cut`);
      found.set(name, data.subarray(at, at + value));
      at += value;
    }
    before = number;
  }
  return found;
}

/**
 * @typedef {object} Envelope
 * @property {Buffer} header
 * @property {Buffer} wrappedKey
 * @property {Buffer} payload
 * @property {Buffer} signature
 */

/**
 * Take an envelope apart.
 * @param {Buffer} data
 * @returns {Envelope}
 */
export function readEnvelope(data) {
  check(data.length <= MAX_ENVELOPE_BYTES, MALFORMED, 'envelope is too long');
  const parts = readMessage(data, ENVELOPE, 'envelope');
  for (const [name] of ENVELOPE) check(parts.has(name), MALFORMED, `envelope has no ${name}`);
  const [header, wrappedKey, payload, signature] = /** @type {Buffer[]} */ ([...parts.values()]);
  return { header, wrappedKey, payload, signature };
}
