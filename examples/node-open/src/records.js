/** The records, section 13. */

import { isObject, isWhole, readJson } from './json.js';
import { Refusal, check } from './refusal.js';

const WRONG = 'ENVELOPE_MANIFEST_WRONG';
const MAX_INTEGER = 2n ** 63n - 1n;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @typedef {import('./json.js').Json} Json */

/** @param {Json} value */
const isText = (value) => typeof value === 'string';

/** What a value may be besides null. Dates and points are checked by who has the catalogue.
 * @type {ReadonlyMap<string, (value: any) => boolean>}
 */
const TYPES = new Map([
  ...['string', 'code', 'date', 'datetime', 'geo_point', 'decimal'].map(
    (name) => /** @type {const} */ ([name, isText]),
  ),
  ['integer', (value) => isWhole(value) && value >= -MAX_INTEGER && value <= MAX_INTEGER],
  ['boolean', (value) => typeof value === 'boolean'],
  ['binary', (value) => isText(value) && BASE64.test(value)],
  ['null', () => false],
]);

/**
 * Read records and hold them against their manifest.
 * @param {Buffer} data
 * @param {import('./manifest.js').Manifest} manifest
 * @returns {{[field: string]: Json}[]}
 */
export function readRecords(data, manifest) {
  let records;
  try {
    records = readJson(data);
  } catch {
    throw new Refusal(WRONG, 'the records are no JSON');
  }
  check(Array.isArray(records), WRONG, 'the records are no array');
  check(records.length === manifest.records, WRONG, 'number of records');
  const holds = new Map(
    manifest.fields
      .filter((/** @type {{type: string}} */ { type }) => type !== 'absent')
      .map((/** @type {{id: string, type: string}} */ { id, type }) => [id, TYPES.get(type)]),
  );
  records.forEach((record, index) => checkRecord(record, index + 1, holds));
  return /** @type {{[field: string]: Json}[]} */ (records);
}

/**
 * @param {Json} record
 * @param {number} number
 * @param {Map<string, (value: any) => boolean>} holds
 */
function checkRecord(record, number, holds) {
  check(isObject(record), WRONG, `record ${number}`);
  for (const [name, value] of Object.entries(record)) {
    const fits = holds.get(name);
    check(fits, WRONG, `record ${number} has a field that the manifest does not name`);
    check(value === null || fits(value), WRONG, `record ${number}, field ${name}`);
  }
}
