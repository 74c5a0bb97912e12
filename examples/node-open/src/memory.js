/** Claims against replay and the ledger, as files that outlast a crash. */

import { mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Refusal } from './refusal.js';

/** @typedef {import('./opener.js').Memory} Memory */

/**
 * Do something with files, or refuse.
 * @template T
 * @param {() => Promise<T>} work
 */
async function durably(work) {
  try {
    return await work();
  } catch {
    throw new Refusal('LEDGER_UNAVAILABLE');
  }
}

/**
 * Write a line, to the disk itself.
 * @param {string} path
 * @param {'wx' | 'a'} flags
 * @param {string} line
 */
async function write(path, flags, line) {
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(line);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @param {string} folder which may be there already */
async function make(folder) {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code;
}

/** @param {string} folder */
async function syncFolder(folder) {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A folder with one file for each claim, which all processes share, and a ledger of one JSON object
 * a line.
 * @implements {Memory}
 */
export class FolderMemory {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
    this.claims = join(folder, 'claims');
    this.ledger = join(folder, 'ledger.jsonl');
  }

  /**
   * Make the folder, and drop claims on envelopes that have ended.
   * @param {number} now
   */
  async begin(now) {
    await durably(async () => {
      for (const path of [this.folder, this.claims]) await make(path);
      for (const name of await readdir(this.claims)) {
        const path = join(this.claims, name);
        const expires = Number((await readFile(path, 'utf8')) || Infinity); // empty: being written
        if (expires <= now) await rm(path, { force: true });
      }
    });
  }

  /**
   * Name the file of a claim.
   * @param {string} sender
   * @param {Buffer} id
   */
  #claim(sender, id) {
    return join(this.claims, `${sender}-${id.toString('hex')}`);
  }

  /**
   * @param {string} sender
   * @param {Buffer} id
   * @param {number} expires
   */
  claim(sender, id, expires) {
    return durably(async () => {
      try {
        await write(this.#claim(sender, id), 'wx', `${expires}`);
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        throw error;
      }
      await syncFolder(this.claims);
      return true;
    });
  }

  /**
   * @param {string} sender
   * @param {Buffer} id
   */
  release(sender, id) {
    return durably(() => rm(this.#claim(sender, id), { force: true }));
  }

  /** @param {object} entry */
  enter(entry) {
    return durably(() => write(this.ledger, 'a', `${JSON.stringify(entry)}\n`));
  }
}

/**
 * Claims for as long as the process lives; for the vectors.
 * @implements {Memory}
 */
export class ProcessMemory {
  /** @type {Set<string>} */
  #claims = new Set();

  /**
   * @param {string} sender
   * @param {Buffer} id
   */
  async claim(sender, id) {
    const name = `${sender}-${id.toString('hex')}`;
    const first = !this.#claims.has(name);
    this.#claims.add(name);
    return first;
  }

  /**
   * @param {string} sender
   * @param {Buffer} id
   */
  async release(sender, id) {
    this.#claims.delete(`${sender}-${id.toString('hex')}`);
  }

  async enter() {}
}
