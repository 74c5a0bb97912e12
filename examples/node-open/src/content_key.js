/** The content key, section 6: unwrapped by HPKE in base mode. */

import { Refusal, check } from './refusal.js';
import { lp } from './suites.js';

const LABEL = Buffer.from('sealgate/v1/wrap');
const CONTENT_KEY_BYTES = 32;
const TAG_BYTES = 16;

/**
 * Bind the wrap to its route.
 * @param {import('./header.js').Header} header
 */
export function wrapInfo({ suite, sender, sender_key_id, recipient, recipient_key_id }) {
  const number = Buffer.alloc(2);
  number.writeUInt16BE(suite);
  const names = [sender, sender_key_id, recipient, recipient_key_id];
  return Buffer.concat([LABEL, lp(number, ...names.map((name) => Buffer.from(name)))]);
}

/**
 * Unwrap the content key.
 * @param {import('./suites.js').Suite} suite
 * @param {Buffer} privateKey 32 bytes as section 4 has them
 * @param {Buffer} info
 * @param {Buffer} wrapped
 */
export async function unwrap(suite, privateKey, info, wrapped) {
  const whole = suite.encBytes + CONTENT_KEY_BYTES + TAG_BYTES;
  check(wrapped.length === whole, 'ENVELOPE_UNDECRYPTABLE', 'wrapped key');
  const enc = wrapped.subarray(0, suite.encBytes);
  try {
    const recipientKey = await suite.hpke.kem.importKey('raw', copy(privateKey), false);
    const opened = await suite.hpke.open(
      { recipientKey, enc: copy(enc), info: copy(info) },
      copy(wrapped.subarray(suite.encBytes)),
    );
    return Buffer.from(opened);
  } catch {
    throw new Refusal('ENVELOPE_UNDECRYPTABLE', 'wrapped key');
  }
}

/**
 * Give the library memory of its own: a Buffer may be a window onto more.
 * @param {Buffer} data
 */
function copy(data) {
  return new Uint8Array(data).buffer;
}
