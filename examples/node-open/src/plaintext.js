/** Plaintext and padding, section 8. */

import { check } from './refusal.js';

const MALFORMED = 'ENVELOPE_MALFORMED';
const MAX_CONTENT_BYTES = 16_777_216; // larger data is a stream
const MAX_PART_BYTES = 524_288; // a stream that needs more memory than its parts

/**
 * Tell how long contents of `n` bytes are with their padding.
 * @param {number} n
 */
export function padded(n) {
  if (n <= 4_096) return 4_096;
  const e = 31 - Math.clz32(n);
  if (n <= 65_536) return n === 2 ** e ? n : 2 ** (e + 1);
  const s = 31 - Math.clz32(e) + 1;
  const step = 2 ** (e - s);
  return Math.ceil(n / step) * step;
}

/**
 * Split a plaintext into manifest and records, and check what fills it up.
 * @param {Buffer} plaintext
 * @param {boolean} isPart whether it is a part of a stream
 */
export function splitPlaintext(plaintext, isPart) {
  const [manifest, next] = takePart(plaintext, 0);
  const [records, n] = takePart(plaintext, next);
  check(n <= (isPart ? MAX_PART_BYTES : MAX_CONTENT_BYTES), MALFORMED, 'contents are too long');
  check(plaintext.length === padded(n), MALFORMED, 'padding');
  check(plaintext.subarray(n).every((byte) => byte === 0), MALFORMED, 'padding');
  return { manifest, records, contentBytes: n };
}

/**
 * @param {Buffer} data
 * @param {number} at
 * @returns {[part: Buffer, next: number]}
 */
function takePart(data, at) {
  check(data.length - at >= 8, MALFORMED, 'length in plaintext');
  const length = data.readBigUInt64BE(at);
  check(length <= data.length - at - 8, MALFORMED, 'length in plaintext');
  const next = at + 8 + Number(length);
  return [data.subarray(at + 8, next), next];
}
