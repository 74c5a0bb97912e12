/** Suites, section 5: what a number stands for, and `LP` and `H` that everything uses. */

import { createHash } from 'node:crypto';

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';

/**
 * @typedef {object} Suite
 * @property {number} number
 * @property {string} name
 * @property {string} hash the name by which node:crypto knows `H`
 * @property {string} signature
 * @property {number} encBytes length of HPKE's `enc`
 * @property {CipherSuite} hpke
 */

/**
 * @param {number} number
 * @param {string} name
 * @param {import('@hpke/core').KemInterface} kem
 * @param {number} id the KEM's number in RFC 9180's registry
 * @returns {Suite}
 */
function suite(number, name, kem, id) {
  if (kem.id !== id) throw new Error(`the library's KEM of suite ${number} is another`);
  const hpke = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  return { number, name, hash: 'sha256', signature: 'Ed25519', encBytes: kem.encSize, hpke };
}

/** @type {ReadonlyMap<number, Suite>} */
export const SUITES = new Map([
  [1, suite(1, 'XWING', new XWing(), 0x647a)],
  [2, suite(2, 'X25519', new DhkemX25519HkdfSha256(), 0x0020)],
]);

/**
 * `H`: hash bytes with the suite's own hash.
 * @param {Suite} suite
 * @param {Buffer} data
 */
export function hash(suite, data) {
  return createHash(suite.hash).update(data).digest();
}

/**
 * `LP`: join parts, each behind its length in bytes as 8 bytes.
 * @param {...Buffer} parts
 */
export function lp(...parts) {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(part.length));
      return [length, part];
    }),
  );
}
