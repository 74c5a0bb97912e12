/** The command: `node open.js --help` says how it is used. */

import { readFile, stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { readDirectory, readKeys } from './src/directory.js';
import { readGrant } from './src/grants.js';
import { writeJson } from './src/json.js';
import { FolderMemory } from './src/memory.js';
import { Refusal, check } from './src/refusal.js';
import { openFile } from './src/stream.js';

const USAGE = `node open.js --directory FILE --keys FILE --memory FOLDER [option] ENVELOPE...

Open files with an envelope or a stream; print the records of each as a line of JSON.
打开信封或数据流文件，每个文件的记录输出为一行 JSON。

  --directory FILE  trust data 信任数据
  --keys FILE       our opening keys 本方打开密钥
  --memory FOLDER   claims against replay, and the ledger 防重放记录与日志
  --grant FILE      a grant that was given to us; may stand several times 本方授权令牌，可重复
  --manifest        print the manifest too 同时输出清单
  --reopen          open again what was opened before 允许再次打开
  --now MS          open as at this time, Unix milliseconds 按此时间打开
`;
const OPTIONS = /** @type {const} */ ({
  directory: { type: 'string' },
  keys: { type: 'string' },
  memory: { type: 'string' },
  grant: { type: 'string', multiple: true },
  manifest: { type: 'boolean' },
  reopen: { type: 'boolean' },
  now: { type: 'string' },
  help: { type: 'boolean' },
});
const MAX_FILE_BYTES = 268_435_456; // a stream that fills memory: its records wait for its end

/** The command was used in a wrong way. */
class UsageError extends Error {}

/** @param {string[]} words */
function readArguments(words) {
  let parsed;
  try {
    parsed = parseArgs({ args: words, options: OPTIONS, allowPositionals: true });
  } catch {
    throw new UsageError();
  }
  const { values, positionals: envelopes } = parsed;
  const { directory, keys, memory, help, now = `${Date.now()}` } = values;
  if (help) return undefined;
  if (!directory || !keys || !memory || envelopes.length === 0 || !/^[0-9]{1,15}$/.test(now)) {
    throw new UsageError();
  }
  const { grant: grants = [], manifest = false, reopen = false } = values;
  return { directory, keys, memory, grants, manifest, reopen, now: Number(now), envelopes };
}

/**
 * Read a file of ours; what is wrong with it is not quoted, for it may hold keys.
 * @template T
 * @param {string} path
 * @param {string} what
 * @param {(text: string) => T} parse
 */
async function readOwn(path, what, parse) {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('CONFIGURATION_INVALID', what);
  }
}

/** @param {string} path */
async function readSecret(path) {
  const mode = process.platform === 'win32' ? 0 : ((await stat(path).catch(() => null))?.mode ?? 0);
  check((mode & 0o077) === 0, 'CONFIGURATION_INVALID', 'keys: others may read the file');
  return readOwn(path, 'keys', (text) => readKeys(JSON.parse(text)));
}

/** @param {string} path */
async function readEnvelopeFile(path) {
  const found = await stat(path).catch(() => null);
  check(found && found.isFile(), 'CONFIGURATION_INVALID', 'envelope: there is no such file');
  check(found.size <= MAX_FILE_BYTES, 'LIMIT_EXCEEDED', 'envelope');
  return readFile(path);
}

/**
 * @param {import('./src/opener.js').Opened[]} parts
 * @param {boolean} withManifest the last part's, which has a stream's totals
 */
function shown(parts, withManifest) {
  const records = parts.flatMap((part) => part.records);
  const manifest = parts[parts.length - 1].manifest;
  return writeJson(withManifest ? { manifest, records } : records);
}

/** @param {string[]} words */
async function main(words) {
  const use = readArguments(words);
  if (!use) return void process.stdout.write(USAGE);
  const { now, reopen } = use;
  const directory = await readOwn(use.directory, 'directory', (text) =>
    readDirectory(JSON.parse(text)),
  );
  for (const path of use.grants) {
    directory.grants.push(await readOwn(path, 'grant', readGrant));
  }
  const { department, keys } = await readSecret(use.keys);
  const memory = new FolderMemory(use.memory);
  await memory.begin(now);
  const opener = { department, directory, keys, memory, now, reopen };
  for (const path of use.envelopes) {
    const parts = await openFile(opener, await readEnvelopeFile(path));
    process.stdout.write(`${shown(parts, use.manifest)}\n`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Refusal) {
    process.stderr.write(`拒绝：${error.messageZh}\nrefused: ${error.code}: ${error.message}\n`);
    process.exitCode = 3;
  } else if (error instanceof UsageError) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
  } else {
    process.stderr.write('failed\n'); // an unforeseen error may quote what it was given
    process.exitCode = 1;
  }
}
