/**
 * Try the test vectors of section 18.
 *
 *     node vectors.js FILE...
 *
 * Each is a line on standard output: its name, what came out, and what was expected if that is
 * something else. The exit status is 0 if all is as expected, else 1.
 */

import { readFileSync } from 'node:fs';

import { unwrap, wrapInfo } from './src/content_key.js';
import { readDirectory, readKeys } from './src/directory.js';
import { readHeader } from './src/header.js';
import { readJson, writeJson } from './src/json.js';
import { keyId, publicHalf } from './src/keys.js';
import { ProcessMemory } from './src/memory.js';
import { openEnvelope } from './src/opener.js';
import { chunkKeys, decryptPayload, payloadKey } from './src/payload.js';
import { padded, splitPlaintext } from './src/plaintext.js';
import { Refusal } from './src/refusal.js';
import { envelopeDigest, signatureInput } from './src/signature.js';
import { openStream } from './src/stream.js';
import { SUITES, hash } from './src/suites.js';
import { readEnvelope } from './src/wire.js';

const OPENED = 'opened';

/** @param {string} text */
const base64 = (text) => Buffer.from(text, 'base64');

/**
 * Spell values as the vectors do: bytes in hexadecimal.
 * @param {Record<string, unknown>} values
 */
function shown(values) {
  const entries = Object.entries(values);
  const spelled = entries.map(([k, v]) => [k, Buffer.isBuffer(v) ? v.toString('hex') : v]);
  return Object.fromEntries(spelled.filter(([, v]) => v !== undefined));
}

/**
 * Compute every value on the way.
 * @param {Buffer} data
 * @param {import('./src/directory.js').PrivateKey[]} keys
 */
async function steps(data, keys) {
  const envelope = readEnvelope(data);
  const header = readHeader(envelope.header);
  const suite = /** @type {import('./src/suites.js').Suite} */ (SUITES.get(header.suite));
  const own = /** @type {import('./src/directory.js').PrivateKey} */ (
    keys.find((key) => key.key_id === header.recipient_key_id)
  );
  const headerDigest = hash(suite, envelope.header);
  const info = wrapInfo(header);
  const contentKey = await unwrap(suite, own.private, info, envelope.wrappedKey);
  const key = payloadKey(suite, contentKey, headerDigest);
  const salt = envelope.payload.subarray(0, 24);
  const { chunkKey, baseNonce, commitment } = chunkKeys(key, salt, headerDigest);
  const plaintext = decryptPayload(key, headerDigest, envelope.payload);
  const digest = envelopeDigest(suite, envelope);
  return shown({
    header: envelope.header,
    header_digest: headerDigest,
    info,
    wrapped_key: envelope.wrappedKey,
    content_key: contentKey,
    payload_key: key,
    salt,
    chunk_key: chunkKey,
    base_nonce: baseNonce,
    commitment,
    payload_digest: hash(suite, envelope.payload),
    envelope_digest: digest,
    signature_input: signatureInput(digest),
    signature: envelope.signature,
    content_bytes: splitPlaintext(plaintext, header.stream_id !== undefined).contentBytes,
    padded_bytes: plaintext.length,
  });
}

/**
 * Name the first thing that differs from what a vector says.
 * @param {any} vector
 * @param {import('./src/opener.js').Opened} opened
 * @param {import('./src/directory.js').PrivateKey[]} keys
 */
async function compared(vector, opened, keys) {
  const anew = (/** @type {string} */ text) => writeJson(readJson(Buffer.from(text)));
  const same = (/** @type {object} */ one, /** @type {object} */ other) =>
    JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
  if (vector.fields && !same(shown({ ...opened.header }), vector.fields)) return 'other fields';
  const way = vector.steps && (await steps(base64(vector.envelope), keys));
  if (way && !same(way, vector.steps)) return 'other steps';
  if (writeJson(opened.manifest) !== anew(vector.manifest)) return 'another manifest';
  if (writeJson(opened.records) !== anew(vector.records)) return 'other records';
  return OPENED;
}

/**
 * Give the code of a refusal, or what came out.
 * @param {() => Promise<string>} work
 */
async function outcome(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

/**
 * Build the envelopes of a negative vector.
 * @param {any} file
 * @param {any} vector
 * @returns {Buffer[]}
 */
function envelopes(file, vector) {
  const own = vector.envelope === undefined ? [] : [base64(vector.envelope)];
  if (vector.stream !== undefined) {
    const { parts } = file.streams.find((/** @type {any} */ { name }) => name === vector.stream);
    const chosen = (vector.parts ?? []).map((/** @type {number} */ n) => parts[n - 1]);
    return [...chosen.map((/** @type {any} */ part) => base64(part.envelope)), ...own];
  }
  if (vector.base === undefined) return own;
  const base = file.positive.find((/** @type {any} */ { name }) => name === vector.base);
  return [spliced(base64(base.envelope), vector.splices ?? [])];
}

/**
 * @param {Buffer} data
 * @param {[offset: number, length: number, bytes: string][]} splices
 */
function spliced(data, splices) {
  const pieces = [];
  let at = 0;
  for (const [offset, length, bytes] of splices) {
    pieces.push(data.subarray(at, offset), Buffer.from(bytes, 'hex'));
    at = offset + length;
  }
  return Buffer.concat([...pieces, data.subarray(at)]);
}

/**
 * Try one file.
 * @param {any} file
 * @returns {AsyncGenerator<[name: string, expected: string, found: string]>}
 */
async function* tried(file) {
  const { department, keys } = readKeys(file);
  const directory = readDirectory(file);
  const opener = (/** @type {number | undefined} */ now) =>
    ({ department, directory, keys, memory: new ProcessMemory(), now: now ?? file.now });
  for (const key of file.keys) {
    const suite = /** @type {import('./src/suites.js').Suite} */ (SUITES.get(key.suite));
    const made = await publicHalf(suite, key.purpose, Buffer.from(key.private, 'hex'));
    const found = base64(key.public).equals(made) ? keyId(suite, key.purpose, made) : 'another';
    yield [`key ${key.name}`, key.key_id, found];
  }
  for (const [n, length] of file.padding) {
    yield [`padding of ${n}`, `${length}`, `${padded(n)}`];
  }
  for (const vector of file.positive) {
    const open = async () =>
      compared(vector, await openEnvelope(opener(vector.now), base64(vector.envelope)), keys);
    yield [vector.name, OPENED, await outcome(open)];
  }
  for (const { name, parts } of file.streams) {
    const open = async () => {
      const all = parts.map((/** @type {any} */ part) => base64(part.envelope));
      const opened = await openStream(opener(undefined), all);
      const found = await Promise.all(opened.map((one, at) => compared(parts[at], one, keys)));
      return found.find((one) => one !== OPENED) ?? OPENED;
    };
    yield [name, OPENED, await outcome(open)];
  }
  for (const vector of file.negative) {
    const open = () => refused(opener(vector.now), file, vector);
    yield [vector.name, vector.code, await outcome(open)];
  }
}

/**
 * @param {import('./src/opener.js').Opener} opener
 * @param {any} file
 * @param {any} vector
 */
async function refused(opener, file, vector) {
  const all = envelopes(file, vector);
  if (vector.stream !== undefined && !vector.alone) {
    await openStream(opener, all);
  } else {
    if (vector.opened_before) await openEnvelope(opener, all[0]);
    await openEnvelope(opener, all[0]);
  }
  return OPENED;
}

const lines = [];
for (const name of process.argv.slice(2)) {
  const file = JSON.parse(readFileSync(name, 'utf8'));
  for await (const [vector, expected, found] of tried(file)) {
    const same = found === expected;
    lines.push(`${vector}: ${found}${same ? '' : `, expected ${expected}`}\n`);
    if (!same) process.exitCode = 1;
  }
}
process.stdout.write(lines.join(''));
