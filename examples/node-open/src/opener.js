/** Opening one envelope: the checks in the order of section 11, with its numbers. */

import { unwrap, wrapInfo } from './content_key.js';
import { checkFresh, openingKey, signingKey } from './directory.js';
import { DATA, readHeader } from './header.js';
import { readManifest } from './manifest.js';
import { decryptPayload, payloadKey } from './payload.js';
import { splitPlaintext } from './plaintext.js';
import { readRecords } from './records.js';
import { check } from './refusal.js';
import { envelopeDigest, isSoundPoint, signatureHolds } from './signature.js';
import { SUITES, hash } from './suites.js';
import { readEnvelope } from './wire.js';

const MAX_SKEW_MS = 60_000; // envelopes made in advance
const MAX_LIFETIME_MS = 604_800_000; // replay memory and retired keys that are kept for ever

/**
 * Where an opener remembers what it did; both throw `LEDGER_UNAVAILABLE`.
 * @typedef {object} Memory
 * @property {(sender: string, id: Buffer, expires: number) => Promise<boolean>} claim durably;
 *   false if it is claimed already
 * @property {(sender: string, id: Buffer) => Promise<void>} release take a claim back
 * @property {(entry: object) => Promise<void>} enter durably, into the ledger
 */
/**
 * @typedef {object} Opener
 * @property {string} department
 * @property {import('./directory.js').Directory} directory
 * @property {import('./directory.js').PrivateKey[]} keys
 * @property {Memory} memory
 * @property {number} now Unix milliseconds, one for the whole call
 * @property {boolean} [reopen] open again what was opened before
 */
/**
 * @typedef {object} Opened
 * @property {import('./header.js').Header} header
 * @property {Buffer} digest
 * @property {import('./manifest.js').Manifest} manifest
 * @property {{[field: string]: import('./json.js').Json}[]} records
 */

/**
 * Open an envelope.
 * @param {Opener} opener
 * @param {Buffer} data
 * @param {import('./stream.js').Chain} [chain] the stream of which it is the next part
 * @returns {Promise<Opened>}
 * @throws {import('./refusal.js').Refusal}
 */
export async function openEnvelope(opener, data, chain) {
  const { department, directory, keys, now } = opener;
  // 1 length, wire form, header; fresh trust data
  const envelope = readEnvelope(data);
  const header = readHeader(envelope.header);
  checkFresh(directory, now);
  // 2 the suite
  const suite = acceptedSuite(directory, department, header.suite);
  // 3 the sender, its key, times
  const key = signingKey(directory, header.sender, header.sender_key_id, header.created);
  check(SUITES.get(key.suite)?.signature === suite.signature, 'SUITE_REFUSED', 'signing key');
  check(isSoundPoint(key.public), 'KEY_UNAVAILABLE', 'signing key');
  checkTimes(header, now);
  // 4 the signature
  const digest = envelopeDigest(suite, envelope);
  check(signatureHolds(key.public, digest, envelope.signature), 'ENVELOPE_SIGNATURE_INVALID');
  // 5 what the header says of us
  check(header.recipient === department, 'ENVELOPE_NOT_FOR_US');
  check(header.type === DATA, 'ENVELOPE_MALFORMED', 'header type');
  check(now < header.expires, 'ENVELOPE_EXPIRED');
  check(chain || header.stream_id === undefined, 'STREAM_BROKEN', 'a part that stands alone');
  // 6 decryption
  const own = openingKey(keys, header.recipient_key_id, now);
  check(own.suite === suite.number, 'SUITE_REFUSED', 'opening key');
  const plaintext = await decrypt(suite, own.private, header, envelope);
  const contents = splitPlaintext(plaintext, header.stream_id !== undefined);
  // 7 manifest, records, grant, chain
  const manifest = readManifest(contents.manifest, header);
  const records = readRecords(contents.records, manifest);
  checkGrant(directory.grants, manifest);
  const opened = { header, digest, manifest, records };
  chain?.check(opened);
  // 8 the claim
  const first = await opener.memory.claim(header.sender, header.id, header.expires);
  check(first || opener.reopen, 'ENVELOPE_REPLAYED');
  // 9 the ledger; where it fails nothing was handed out
  try {
    await opener.memory.enter(ledgerEntry(now, opened));
  } catch (error) {
    if (first) await opener.memory.release(header.sender, header.id);
    throw error;
  }
  chain?.advance(opened);
  return opened;
}

/**
 * @param {import('./directory.js').Directory} directory
 * @param {string} department
 * @param {number} number
 */
function acceptedSuite({ suites }, department, number) {
  const suite = SUITES.get(number);
  const accepted = suites.get(department);
  check(accepted, 'DEPARTMENT_UNKNOWN', 'our own');
  check(suite && accepted.includes(number), 'SUITE_REFUSED');
  return suite;
}

/**
 * @param {import('./header.js').Header} header
 * @param {number} now
 */
function checkTimes({ created, expires }, now) {
  check(created <= now + MAX_SKEW_MS, 'ENVELOPE_FROM_FUTURE');
  const lifetime = expires - created;
  check(lifetime > 0 && lifetime <= MAX_LIFETIME_MS, 'ENVELOPE_MALFORMED', 'lifetime');
}

/**
 * @param {import('./suites.js').Suite} suite
 * @param {Buffer} privateKey
 * @param {import('./header.js').Header} header
 * @param {import('./wire.js').Envelope} envelope
 */
async function decrypt(suite, privateKey, header, envelope) {
  const contentKey = await unwrap(suite, privateKey, wrapInfo(header), envelope.wrappedKey);
  const headerDigest = hash(suite, envelope.header);
  const key = payloadKey(suite, contentKey, headerDigest);
  return decryptPayload(key, headerDigest, envelope.payload);
}

/**
 * @param {import('./directory.js').Grant[]} grants
 * @param {import('./manifest.js').Manifest} manifest
 */
function checkGrant(grants, { grant: { jti, digest }, provider, resource, purpose, fields }) {
  const given = grants.find((grant) => grant.jti === jti && grant.digest === digest);
  check(given, 'ENVELOPE_MANIFEST_WRONG', 'the grant was not given to us');
  const covers =
    given.provider === provider &&
    given.resource === resource &&
    given.purpose === purpose &&
    fields.every((/** @type {{id: string}} */ { id }) => given.fields.includes(id));
  check(covers, 'ENVELOPE_MANIFEST_WRONG', 'the grant is for something else');
}

/**
 * Say what was opened, without a value of a field.
 * @param {number} now
 * @param {Opened} opened
 */
function ledgerEntry(now, { header, digest, manifest }) {
  return {
    time: now,
    id: header.id.toString('hex'),
    digest: digest.toString('hex'),
    sender: header.sender,
    resource: manifest.resource,
    purpose: manifest.purpose,
    grant: manifest.grant.jti,
    records: manifest.records,
  };
}
