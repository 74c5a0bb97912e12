/** The manifest, section 12. */

import { isCheckpointOf } from './checkpoint.js';
import { Fraction, isObject, isWhole, readJson } from './json.js';
import { Refusal, check } from './refusal.js';

const WRONG = 'ENVELOPE_MANIFEST_WRONG';
const MAX_FIELDS = 512; // a manifest that fills the ledger
const MAX_NAMED = 49_152; // the same
const MAX_LINE = 128;
const MAX_TRUST = 2n ** 53n;

const RESOURCE = /^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}$/;
const ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const FIELD_ID = /^(?!.*[0-9]{6})[A-Za-z][A-Za-z0-9_]{0,63}$/;
const JTI = /^[A-Za-z0-9_-]{8,64}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const NOT_IN_A_LINE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
const TYPES = new Set([
  'string', 'code', 'date', 'datetime', 'geo_point', 'integer', 'decimal', 'boolean', 'binary',
  'null', 'absent',
]);
const DISCLOSURES = new Set(['clear', 'partial', 'linkable', 'nothing']);

/** @typedef {import('./json.js').Json} Json */
/** @typedef {{[name: string]: any}} Manifest */

/** @param {RegExp} pattern */
const spelled = (pattern) => (/** @type {unknown} */ value) =>
  typeof value === 'string' && pattern.test(value);

/** @param {unknown} value */
function isLine(value) {
  if (typeof value !== 'string' || value.length > 2 * MAX_LINE) return false;
  const characters = [...value].length; // code points
  return characters >= 1 && characters <= MAX_LINE && !NOT_IN_A_LINE.test(value);
}

/**
 * @param {unknown} value
 * @param {number | bigint} lowest
 * @param {number | bigint} [highest]
 */
function isBetween(value, lowest, highest = Number.MAX_SAFE_INTEGER) {
  return isWhole(value) && /** @type {number} */ (value) >= lowest && value <= highest;
}

/** @param {unknown} value */
function isFlat(value) {
  return value === null || value instanceof Fraction || typeof value !== 'object';
}

/** @type {Readonly<Record<string, (value: unknown) => boolean>>} */
const MEMBERS = {
  version: (value) => value === 1,
  provider: (value) => typeof value === 'string',
  requester: (value) => typeof value === 'string',
  resource: spelled(RESOURCE),
  resource_name: isLine,
  purpose: spelled(ID),
  scenario: isLine,
  grant: (value) => hasExactly(value, { jti: spelled(JTI), digest: spelled(DIGEST) }),
  encoding: (value) => value === 'json',
  records: (value) => isBetween(value, 0),
  fields: (value) => Array.isArray(value) && value.length <= MAX_FIELDS && value.every(isField),
  policy: isLine,
  catalogue: isLine,
  trust: (value) => isBetween(value, 0, MAX_TRUST),
};
/** @type {typeof MEMBERS} */
const OPTIONAL = {
  findings: isObject,
  totals: (value) =>
    hasExactly(value, { parts: (n) => isBetween(n, 1), records: (n) => isBetween(n, 0) }),
  checkpoint: (value) => typeof value === 'string',
};
/** @type {typeof MEMBERS} */
const FIELD = {
  id: spelled(FIELD_ID),
  name: isLine,
  type: (value) => TYPES.has(/** @type {string} */ (value)),
  treatment: (value) =>
    isObject(value) && spelled(ID)(value.op) && Object.values(value).every(isFlat),
  disclosure: (value) => DISCLOSURES.has(/** @type {string} */ (value)),
};

/**
 * @param {unknown} value
 * @param {typeof MEMBERS} members
 */
function hasExactly(value, members) {
  if (!isObject(value) || Object.keys(value).length !== Object.keys(members).length) return false;
  return Object.entries(members).every(([name, holds]) => name in value && holds(value[name]));
}

/** @param {unknown} value */
function isField(value) {
  return hasExactly(value, FIELD);
}

/**
 * Read a manifest and hold it against the header of its envelope.
 * @param {Buffer} data
 * @param {import('./header.js').Header} header
 * @returns {Manifest}
 */
export function readManifest(data, header) {
  let manifest;
  try {
    manifest = readJson(data);
  } catch {
    throw new Refusal(WRONG, 'the manifest is no JSON');
  }
  check(isObject(manifest), WRONG, 'the manifest is no object');
  checkMembers(manifest);
  check(manifest.provider === header.sender, WRONG, 'manifest provider');
  check(manifest.requester === header.recipient, WRONG, 'manifest requester');
  const { checkpoint } = manifest;
  check(checkpoint === undefined || isCheckpointOf(checkpoint, header.sender), WRONG, 'checkpoint');
  checkTogether(manifest);
  check(header.stream_id || !('totals' in manifest), WRONG, 'manifest totals');
  return manifest;
}

/** @param {Manifest} manifest */
function checkMembers(manifest) {
  for (const [name, holds] of Object.entries(MEMBERS)) {
    check(name in manifest && holds(manifest[name]), WRONG, `manifest ${name}`);
  }
  for (const [name, holds] of Object.entries(OPTIONAL)) {
    check(!(name in manifest) || holds(manifest[name]), WRONG, `manifest ${name}`);
  }
  const known = Object.keys(manifest).every((name) => name in MEMBERS || name in OPTIONAL);
  check(known, WRONG, 'the manifest has an unknown member');
}

/** @param {Manifest} manifest */
function checkTogether({ fields, findings, records }) {
  const ids = new Set(fields.map((/** @type {{id: string}} */ { id }) => id));
  check(ids.size === fields.length, WRONG, 'a field stands twice in the manifest');
  const named = fields.map((/** @type {any} */ { id, treatment }) => id.length + treatment.op.length);
  const sum = named.reduce((/** @type {number} */ one, /** @type {number} */ two) => one + two, 0);
  check(sum <= MAX_NAMED, WRONG, 'the names of the fields are too long');
  if (findings === undefined) return;
  const counts = Object.entries(findings);
  const sound = counts.every(([id, count]) => ids.has(id) && isBetween(count, 1, records));
  check(sound, WRONG, 'manifest findings');
}
