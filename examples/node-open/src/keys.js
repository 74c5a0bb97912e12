/** Keys and their ids, section 4. */

import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';

import { XWing } from '@hpke/hybridkem-x-wing';

import { hash, lp } from './suites.js';

const LABEL = Buffer.from('sealgate/v1/key-id');
const KEY_ID_LENGTH = 26;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
// What stands before 32 raw bytes in PKCS #8 (RFC 8410); its tenth byte tells the curves apart.
const PKCS8 = '302e020100300506032b65%04220420';
const CURVES = { X25519: '6e', Ed25519: '70' };
const XWING = 1;

/** @typedef {import('./suites.js').Suite} Suite */

/**
 * Name a key.
 * @param {Suite} suite
 * @param {string} purpose
 * @param {Buffer} publicKey
 */
export function keyId(suite, purpose, publicKey) {
  const digest = hash(suite, lp(LABEL, Buffer.from(purpose), publicKey));
  return base32(digest).slice(0, KEY_ID_LENGTH);
}

/** @param {Buffer} data */
function base32(data) {
  const bits = [...data].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = bits.match(/.{5}/g) ?? [];
  return digits.map((five) => BASE32[Number.parseInt(five, 2)]).join('');
}

/**
 * Compute the public half of a private key.
 * @param {Suite} suite
 * @param {string} purpose
 * @param {Buffer} privateKey
 */
export async function publicHalf(suite, purpose, privateKey) {
  if (purpose === 'opening' && suite.number === XWING) {
    const kem = new XWing();
    const { publicKey } = await kem.generateKeyPairDerand(new Uint8Array(privateKey));
    return Buffer.from(await kem.serializePublicKey(publicKey));
  }
  const curve = purpose === 'opening' ? CURVES.X25519 : CURVES.Ed25519;
  const der = Buffer.concat([Buffer.from(PKCS8.replace('%', curve), 'hex'), privateKey]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return Buffer.from(/** @type {string} */ (key.export({ format: 'jwk' }).x), 'base64url');
}

/**
 * Make an opening key.
 * @param {Suite} suite
 * @param {string} department
 * @param {number} now Unix seconds
 * @param {number} days
 */
export async function newOpeningKey(suite, department, now, days) {
  const secret = randomBytes(32);
  const publicKey = await publicHalf(suite, 'opening', secret);
  const key = {
    key_id: keyId(suite, 'opening', publicKey),
    purpose: 'opening',
    suite: suite.number,
    not_before: now,
    not_after: now + days * 86_400,
  };
  return {
    entry: { ...key, public: publicKey.toString('base64') },
    held: { department, ...key, private: secret.toString('hex') },
  };
}
