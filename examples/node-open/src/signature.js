/** Digest and signature, section 10. */

import { createPublicKey, verify } from 'node:crypto';

import { hash, lp } from './suites.js';

const LABEL = Buffer.from('sealgate/v1/signature');
const P = 2n ** 255n - 19n;
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;
const Y8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
// y of the points whose order divides 8. A key among them verifies what nobody signed.
const SMALL_ORDER = new Set([0n, 1n, P - 1n, Y8, P - Y8]);

/**
 * Compute the digest that names an envelope everywhere.
 * @param {import('./suites.js').Suite} suite
 * @param {import('./wire.js').Envelope} envelope
 */
export function envelopeDigest(suite, { header, wrappedKey, payload }) {
  return hash(suite, lp(header, wrappedKey, hash(suite, payload)));
}

/** @param {Buffer} digest */
export function signatureInput(digest) {
  return Buffer.concat([LABEL, digest]);
}

/**
 * Tell whether the signature over an envelope's digest is that of a sound public key.
 * node:crypto refuses a scalar that is not reduced; points it takes as they come.
 * @param {Buffer} publicKey
 * @param {Buffer} digest
 * @param {Buffer} signature
 */
export function signatureHolds(publicKey, digest, signature) {
  if (signature.length !== 64 || !isSoundPoint(signature.subarray(0, 32))) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(null, signatureInput(digest), key, signature);
}

/**
 * Tell whether bytes are the one form of a point of Ed25519 that is not of small order.
 * @param {Buffer} bytes
 */
export function isSoundPoint(bytes) {
  if (bytes.length !== 32) return false;
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  return y < P && !SMALL_ORDER.has(y) && isOnCurve(y);
}

/**
 * Tell whether there is a point: x^2 = (y^2 - 1) / (d y^2 + 1) has a root if the product has one.
 * @param {bigint} y
 */
function isOnCurve(y) {
  const square = y * y;
  return power((square - 1n) * (D * square + 1n), (P - 1n) / 2n) === 1n;
}

/**
 * @param {bigint} base
 * @param {bigint} exponent
 */
function power(base, exponent) {
  let result = 1n;
  for (let factor = base % P; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * factor) % P;
    factor = (factor * factor) % P;
  }
  return result;
}
