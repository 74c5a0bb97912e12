/**
 * What an opener is told: trust data, the grants it was given, and its own keys (section 4).
 * The files have the form of `vectors/envelope.json`, section 18; other members are left alone.
 */

import { DEPARTMENT, KEY_ID } from './header.js';
import { check } from './refusal.js';

const WRONG = 'CONFIGURATION_INVALID';
const OPTIONAL = ['retired_at', 'revoked_at'];
const MAX_SKEW = 60; // seconds by which clocks of honest parties differ
const RETIRED_OPENS = 7 * 86_400; // how long a key that ended still opens, in seconds

/**
 * Times are Unix seconds.
 * @typedef {object} Key
 * @property {string} department
 * @property {string} key_id
 * @property {string} purpose
 * @property {number} suite
 * @property {number} not_before
 * @property {number} not_after
 * @property {number | null} [retired_at]
 * @property {number | null} [revoked_at]
 */
/** @typedef {Key & {public: Buffer}} PublicKey */
/** @typedef {Key & {private: Buffer}} PrivateKey */
/**
 * @typedef {object} Grant
 * @property {string} jti
 * @property {string} digest
 * @property {string} provider
 * @property {string} resource
 * @property {string} purpose
 * @property {string[]} fields
 */
/**
 * @typedef {object} Directory
 * @property {{issued: number, expires: number}} trust
 * @property {Map<string, number[]>} suites accepted by each department
 * @property {PublicKey[]} keys
 * @property {Grant[]} grants
 */

/**
 * @param {any} value
 * @param {string} where
 */
function list(value, where) {
  check(Array.isArray(value), WRONG, where);
  return /** @type {any[]} */ (value);
}

/**
 * Check a key; an optional time may be null as well.
 * @param {any} key
 * @param {string} where
 */
function checkKey(key, where) {
  check(DEPARTMENT.test(key.department) && KEY_ID.test(key.key_id), WRONG, where);
  check(typeof key.purpose === 'string' && Number.isInteger(key.suite), WRONG, where);
  for (const name of ['not_before', 'not_after', 'retired_at', 'revoked_at']) {
    const absent = (key[name] ?? null) === null && OPTIONAL.includes(name);
    check(Number.isInteger(key[name]) || absent, WRONG, `${where}: ${name}`);
  }
}

/**
 * Read trust data and grants.
 * @param {any} file
 * @returns {Directory}
 */
export function readDirectory(file) {
  const { issued, expires } = file?.trust ?? {};
  check(Number.isInteger(issued) && Number.isInteger(expires), WRONG, 'directory: trust');
  const keys = list(file.keys, 'directory: keys').map((key, index) => {
    checkKey(key, `directory: key ${index + 1}`);
    return { ...key, private: undefined, public: Buffer.from(key.public, 'base64') };
  });
  const departments = list(file.departments, 'directory: departments');
  const suites = new Map(
    departments.map((one) => [one.id, list(one.suites, 'directory: suites')]),
  );
  return { trust: { issued, expires }, suites, keys, grants: readGrants(file.grants ?? []) };
}

/** @param {any} grants */
function readGrants(grants) {
  return list(grants, 'directory: grants').map((grant, index) => {
    for (const name of ['jti', 'digest', 'provider', 'resource', 'purpose']) {
      check(typeof grant[name] === 'string', WRONG, `directory: grant ${index + 1}: ${name}`);
    }
    list(grant.fields, `directory: grant ${index + 1}: fields`);
    return grant;
  });
}

/**
 * Read the opener's own keys: of a file with many, those that open for `opener`.
 * @param {any} file
 * @returns {{department: string, keys: PrivateKey[]}}
 */
export function readKeys(file) {
  const department = file?.opener;
  check(DEPARTMENT.test(department), WRONG, 'keys: opener');
  const all = list(file.keys, 'keys: keys');
  all.forEach((key, index) => checkKey(key, `keys: key ${index + 1}`));
  const ours = all.filter((key) => key.department === department && key.purpose === 'opening');
  const keys = ours.map((key) => ({ ...key, private: Buffer.from(key.private ?? '', 'hex') }));
  check(keys.every((key) => key.private.length === 32), WRONG, 'keys: private');
  return { department, keys };
}

/**
 * Check that trust data counts now.
 * @param {Directory} directory
 * @param {number} now Unix milliseconds
 */
export function checkFresh({ trust }, now) {
  const begins = (trust.issued - MAX_SKEW) * 1000;
  check(now >= begins && now < trust.expires * 1000, 'TRUST_STALE');
}

/** @param {Key} key */
const ended = (key) => Math.min(key.not_after, key.retired_at ?? Infinity);

/**
 * Find the key that must have signed.
 * @param {Directory} directory
 * @param {string} department
 * @param {string} keyId
 * @param {number} created Unix milliseconds
 */
export function signingKey({ suites, keys }, department, keyId, created) {
  check(suites.has(department), 'DEPARTMENT_UNKNOWN');
  const key = keys.find(
    (one) => one.department === department && one.key_id === keyId && one.purpose === 'signing',
  );
  check(key, 'KEY_UNKNOWN', 'signing key');
  const at = Math.floor(created / 1000);
  const revoked = (key.revoked_at ?? null) !== null;
  const inForce = !revoked && at >= key.not_before && at < ended(key);
  check(inForce, 'KEY_UNAVAILABLE', 'signing key');
  return key;
}

/**
 * Find the key of ours that must open.
 * @param {PrivateKey[]} keys
 * @param {string} keyId
 * @param {number} now Unix milliseconds
 */
export function openingKey(keys, keyId, now) {
  const key = keys.find((one) => one.key_id === keyId);
  check(key, 'KEY_UNKNOWN', 'opening key');
  const at = Math.floor(now / 1000);
  const end = ended(key);
  const opens = at >= key.not_before && at - end <= RETIRED_OPENS;
  check(opens, 'KEY_UNAVAILABLE', 'opening key');
  return key;
}
