/** Make an opening key: `node new_key.js --help` says how. */

import { open, readFile, rename } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { DEPARTMENT } from './src/header.js';
import { newOpeningKey } from './src/keys.js';
import { SUITES } from './src/suites.js';

const USAGE = `node new_key.js --department CODE --keys FILE [--suite 1|2] [--days N]

Make an opening key, add it to FILE, and print its entry for the directory.
生成打开密钥，写入 FILE，并输出其公钥条目。

  --department CODE  our unified social credit code 本部门统一社会信用代码
  --keys FILE        our opening keys; made if it is not there 本方打开密钥文件
  --suite N          1 XWING (default 默认) or 2 X25519
  --days N           how long it is in force, 1 to 366, default 366 有效天数
`;
const MAX_DAYS = 366; // a key that is never rotated
const OPTIONS = /** @type {const} */ ({
  department: { type: 'string' },
  keys: { type: 'string' },
  suite: { type: 'string', default: '1' },
  days: { type: 'string', default: `${MAX_DAYS}` },
  help: { type: 'boolean' },
});

/**
 * Read the keys that are there already.
 * @param {string} path
 * @param {string} department
 */
async function held(path, department) {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return [];
    throw error;
  }
  const { opener, keys } = JSON.parse(text);
  if (opener !== department || !Array.isArray(keys)) throw new Error('keys of another');
  return keys;
}

/**
 * Write a file that only its owner reads, whole or not at all.
 * @param {string} path
 * @param {string} text
 */
async function write(path, text) {
  const fresh = `${path}.new`;
  const file = await open(fresh, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

/** @param {string[]} words */
function readArguments(words) {
  try {
    const { values } = parseArgs({ args: words, options: OPTIONS });
    const { department, keys, help = false } = values;
    const suite = SUITES.get(Number(values.suite));
    const days = Number(values.days);
    if (help) return { help };
    const sound = DEPARTMENT.test(department ?? '') && days >= 1 && days <= MAX_DAYS;
    if (!keys || !suite || !sound || !Number.isInteger(days)) return undefined;
    return { help, department: /** @type {string} */ (department), keys, suite, days };
  } catch {
    return undefined;
  }
}

const use = readArguments(process.argv.slice(2));
if (!use || use.help) {
  (use ? process.stdout : process.stderr).write(USAGE);
  process.exitCode = use ? 0 : 2;
} else {
  const { department, keys: path, suite, days } = /** @type {Required<typeof use>} */ (use);
  try {
    const before = await held(path, department);
    const made = await newOpeningKey(suite, department, Math.floor(Date.now() / 1000), days);
    const file = { opener: department, keys: [...before, made.held] };
    await write(path, `${JSON.stringify(file, null, 1)}\n`);
    process.stdout.write(`${JSON.stringify(made.entry)}\n`);
  } catch {
    process.stderr.write('密钥文件无法读取或写入\nfailed: the key file cannot be read or written\n');
    process.exitCode = 1;
  }
}
