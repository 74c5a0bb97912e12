/** Streams and files, sections 14 and 15. */

import { openEnvelope } from './opener.js';
import { check } from './refusal.js';
import { MAX_ENVELOPE_BYTES } from './wire.js';

const BROKEN = 'STREAM_BROKEN';
const LENGTH_BYTES = 8;
const ENVELOPE_BEGINS = 0x0a;
const STREAM_BEGINS = 0x00;
const SAME_HEADER = /** @type {const} */ (['sender', 'recipient']);
const SAME_MANIFEST = /** @type {const} */ (['resource', 'purpose']);

/** @typedef {import('./opener.js').Opened} Opened */

/** A stream as far as it has been opened. */
export class Chain {
  /** @type {Opened | undefined} */
  #before;
  #records = 0;

  /**
   * Check that a part is the next one.
   * @param {Opened} part
   */
  check(part) {
    const { header, manifest } = part;
    const before = this.#before;
    check(!before?.header.last, BROKEN, 'it goes on behind its last part');
    check(header.part === (before?.header.part ?? 0) + 1, BROKEN, 'number of the part');
    if (before) checkLink(before, part);
    const { totals } = manifest;
    check((totals !== undefined) === (header.last === 1), BROKEN, 'totals');
    if (totals) {
      const sum = this.#records + manifest.records;
      check(totals.parts === header.part && totals.records === sum, BROKEN, 'totals');
    }
  }

  /**
   * Take a part that has passed every check.
   * @param {Opened} part
   */
  advance(part) {
    this.#before = { ...part, records: [] };
    this.#records += part.manifest.records;
  }

  /** Check that the last part was here. */
  end() {
    check(this.#before?.header.last, BROKEN, 'it ends without its last part');
  }
}

/**
 * @param {Opened} before
 * @param {Opened} part
 */
function checkLink(before, { header, manifest }) {
  check(header.previous_digest?.equals(before.digest), BROKEN, 'digest of the part before');
  const same =
    header.stream_id?.equals(/** @type {Buffer} */ (before.header.stream_id)) &&
    SAME_HEADER.every((name) => header[name] === before.header[name]) &&
    SAME_MANIFEST.every((name) => manifest[name] === before.manifest[name]) &&
    manifest.grant.digest === before.manifest.grant.digest;
  check(same, BROKEN, 'a part of another stream');
}

/**
 * Open a stream to its end; parts are provisional, so none is handed out before.
 * @param {import('./opener.js').Opener} opener
 * @param {Iterable<Buffer>} parts
 */
export async function openStream(opener, parts) {
  const chain = new Chain();
  /** @type {Opened[]} */
  const opened = [];
  for (const part of parts) opened.push(await openEnvelope(opener, part, chain));
  chain.end();
  return opened;
}

/**
 * Open what a file holds: one envelope or a stream.
 * @param {import('./opener.js').Opener} opener
 * @param {Buffer} data
 */
export async function openFile(opener, data) {
  if (data[0] === STREAM_BEGINS) return openStream(opener, splitFile(data));
  check(data[0] === ENVELOPE_BEGINS, 'ENVELOPE_MALFORMED', 'neither envelope nor stream');
  return [await openEnvelope(opener, data)];
}

/**
 * Cut a file into the parts of its stream.
 * @param {Buffer} data
 */
function* splitFile(data) {
  for (let at = 0; at < data.length; ) {
    const begin = at + LENGTH_BYTES;
    check(begin <= data.length, BROKEN, 'the file is cut');
    const length = data.readBigUInt64BE(at);
    check(length <= MAX_ENVELOPE_BYTES, 'ENVELOPE_MALFORMED', 'a part is too long');
    at = begin + Number(length);
    check(at <= data.length, BROKEN, 'the file is cut');
    yield data.subarray(begin, at);
  }
}
