/**
 * Grants that were given to us, from their tokens (docs/reference/grant.md).
 * The provider verifies a token at every call; here it only says which manifests we expect.
 */

import { createHash } from 'node:crypto';

import { readJson } from './json.js';
import { Refusal } from './refusal.js';

const MAX_TOKEN_BYTES = 8_192; // a token that fills memory

/**
 * Take from a token what section 11 asks of a grant.
 * @param {string} text
 * @returns {import('./directory.js').Grant}
 */
export function readGrant(text) {
  const token = text.trim();
  try {
    if (token.length > MAX_TOKEN_BYTES) throw new RangeError();
    const claims = /** @type {any} */ (readJson(Buffer.from(token.split('.')[1], 'base64url')));
    const [{ resource, purpose, fields }] = claims.authorization_details;
    const digest = createHash('sha256').update(token, 'ascii').digest('hex');
    const names = [claims.jti, claims.aud, resource, purpose, ...fields];
    if (!names.every((name) => typeof name === 'string')) throw new TypeError();
    return { jti: claims.jti, digest, provider: claims.aud, resource, purpose, fields };
  } catch {
    throw new Refusal('CONFIGURATION_INVALID', 'grant');
  }
}
