/** Files that are read and written piece by piece. */

import { open, rename, rm } from 'node:fs/promises';

// A batch becomes one envelope, of at most 512 KiB: a piece, and a line that it ends.
const PIECE_BYTES = 131_072;
const MAX_LINE_BYTES = 262_144; // a file that is no NDJSON would fill memory
const MAX_ENVELOPE_BYTES = 16_777_216; // a length that is none would fill memory
const LENGTH_BYTES = 8;
const LINE_END = 0x0a;

/** A file is not what it should be; what it holds is not told. */
export class FileError extends Error {}

/**
 * Read a file of NDJSON as batches of whole lines.
 * @param {string} path
 */
export async function* readBatches(path) {
  const file = await open(path);
  try {
    let rest = Buffer.alloc(0);
    for await (const chunk of file.createReadStream({ highWaterMark: PIECE_BYTES })) {
      const read = Buffer.concat([rest, chunk]);
      const end = read.lastIndexOf(LINE_END) + 1;
      rest = read.subarray(end);
      if (rest.length > MAX_LINE_BYTES) throw new FileError('a line is too long 行过长');
      if (end > 0) yield read.subarray(0, end);
    }
    if (rest.length > 0) yield rest;
  } finally {
    await file.close();
  }
}

/**
 * Read a file with a chain of envelopes: before each its length, 8 bytes.
 * @param {string} path
 */
export async function* readEnvelopes(path) {
  const file = await open(path);
  try {
    for (;;) {
      const head = await readWhole(file, LENGTH_BYTES);
      if (head.length === 0) return;
      const length = head.length === LENGTH_BYTES ? head.readBigUInt64BE() : 0n;
      if (length < 1n || length > MAX_ENVELOPE_BYTES) throw new FileError('no stream 不是数据流');
      const envelope = await readWhole(file, Number(length));
      if (envelope.length < length) throw new FileError('the stream is cut 数据流不完整');
      yield envelope;
    }
  } finally {
    await file.close();
  }
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {number} length
 */
async function readWhole(file, length) {
  const data = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(data, filled, length - filled, null);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return data.subarray(0, filled);
}

/**
 * Spell an envelope as `readEnvelopes` reads it.
 * @param {Buffer} envelope
 */
export function withLength(envelope) {
  const head = Buffer.alloc(LENGTH_BYTES);
  head.writeBigUInt64BE(BigInt(envelope.length));
  return Buffer.concat([head, envelope]);
}

/**
 * Write a file for the owner alone; it is there once all of it is, or not at all.
 * @param {string} path
 * @param {AsyncIterable<Buffer> | Iterable<Buffer>} pieces
 */
export async function writeFile(path, pieces) {
  const unfinished = `${path}.unfinished`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(unfinished, { force: true });
    throw error;
  }
}
