/** Payload key and payload, sections 7 and 9: Cobblestone-256, C2SP chunked encryption. */

import { createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

import { Refusal, check } from './refusal.js';

const LABEL = Buffer.from('sealgate/v1/payload');
const CHUNK_LABEL = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');
const SALT_BYTES = 24;
const PREFIX_BYTES = 56; // salt and commitment
const TAG_BYTES = 16;
const CHUNK_BYTES = 16_384 + TAG_BYTES;
const UNDECRYPTABLE = 'ENVELOPE_UNDECRYPTABLE';

/**
 * Derive the key of one envelope.
 * @param {import('./suites.js').Suite} suite
 * @param {Buffer} contentKey
 * @param {Buffer} headerDigest
 */
export function payloadKey(suite, contentKey, headerDigest) {
  const info = Buffer.concat([LABEL, headerDigest]);
  return Buffer.from(hkdfSync(suite.hash, contentKey, Buffer.alloc(0), info, 32));
}

/**
 * Derive what encrypts the chunks; expand only, RFC 5869 section 2.3.
 * @param {Buffer} key the payload key
 * @param {Buffer} salt
 * @param {Buffer} headerDigest
 */
export function chunkKeys(key, salt, headerDigest) {
  const info = Buffer.concat([CHUNK_LABEL, salt, headerDigest]);
  const first = createHmac('sha512', key).update(info).update('\x01').digest();
  const second = createHmac('sha512', key).update(first).update(info).update('\x02').digest();
  const okm = Buffer.concat([first, second]);
  return {
    chunkKey: okm.subarray(0, 32),
    baseNonce: okm.subarray(32, 44),
    commitment: okm.subarray(44, 76),
  };
}

/**
 * Decrypt a payload to its end.
 * @param {Buffer} key the payload key
 * @param {Buffer} headerDigest
 * @param {Buffer} payload
 */
export function decryptPayload(key, headerDigest, payload) {
  check(payload.length >= PREFIX_BYTES + TAG_BYTES, UNDECRYPTABLE, 'payload is too short');
  const keys = chunkKeys(key, payload.subarray(0, SALT_BYTES), headerDigest);
  const commitment = payload.subarray(SALT_BYTES, PREFIX_BYTES);
  check(timingSafeEqual(commitment, keys.commitment), UNDECRYPTABLE, 'commitment');
  const chunks = payload.subarray(PREFIX_BYTES);
  const pieces = [];
  for (let number = 0; ; number += 1) {
    const chunk = chunks.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES);
    check(chunk.length >= TAG_BYTES, UNDECRYPTABLE, 'payload is cut');
    pieces.push(openChunk(keys, number, chunk));
    if (chunk.length < CHUNK_BYTES) return Buffer.concat(pieces);
  }
}

/**
 * @param {{chunkKey: Buffer, baseNonce: Buffer}} keys
 * @param {number} number below 2^32: an envelope has no room for more chunks
 * @param {Buffer} chunk
 */
function openChunk({ chunkKey, baseNonce }, number, chunk) {
  const nonce = Buffer.from(baseNonce);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8);
  const end = chunk.length - TAG_BYTES;
  const cipher = createDecipheriv('aes-256-gcm', chunkKey, nonce, { authTagLength: TAG_BYTES });
  cipher.setAuthTag(chunk.subarray(end));
  const piece = cipher.update(chunk.subarray(0, end));
  try {
    cipher.final();
  } catch {
    throw new Refusal(UNDECRYPTABLE, `chunk ${number}`);
  }
  return piece;
}
