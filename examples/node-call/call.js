/** The command: `node call.js --help` says how it is used. */

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { ask, connectSocket, connectTcp } from './src/connection.js';
import { FileError, readBatches, readEnvelopes, withLength, writeFile } from './src/files.js';
import { open, openStream } from './src/opening.js';
import { Refusal } from './src/refusal.js';
import { retried } from './src/retry.js';
import { explain, seal, sealStream } from './src/sealing.js';

const USAGE = `node call.js (--socket FILE | --tcp HOST:PORT --certificates FOLDER) COMMAND [option]

Call a sealgate sidecar 调用网关服务

  status                    tell whether the node can work 查看节点状况
  explain                   tell what a grant lets out 解释授权
  seal FILE                 seal records: a JSON array, or lines of JSON in *.ndjson 密封记录
  seal-stream FILE          seal lines of JSON as a chain of envelopes 分批密封
  open FILE                 open an envelope, write its records as JSON 打开信封
  open-stream FILE          open a chain, write its records as lines of JSON 打开信封链

  --socket FILE             the caller's socket 调用方套接字
  --tcp HOST:PORT           the address, with mutual TLS 服务地址（双向 TLS）
  --certificates FOLDER     ca.crt, client.crt and client.key 证书目录
  --resource CODE           to explain and seal 资源代码
  --purpose ID              to seal 用途
  --grant FILE              to explain and seal 授权令牌文件
  --request-id UUID         to seal the same again, and get the same envelope 请求编号
  --reference TEXT          our own file number, for the ledger 本方文号
  --reopen                  open again what was opened before 允许再次打开
  --out FILE                what is written 输出文件
  --seconds N               the deadline, 30 if not said 时限（秒）
`;
const TEXT = /** @type {const} */ ({ type: 'string' });
const OPTIONS = /** @type {const} */ ({
  socket: TEXT,
  tcp: TEXT,
  certificates: TEXT,
  resource: TEXT,
  purpose: TEXT,
  grant: TEXT,
  'request-id': TEXT,
  reference: TEXT,
  reopen: { type: 'boolean' },
  out: TEXT,
  seconds: TEXT,
  help: { type: 'boolean' },
});
const SEALING = ['resource', 'purpose', 'grant', 'out'];
/** What each command needs besides the connection. @type {Readonly<Record<string, string[]>>} */
const NEEDED = Object.freeze({
  status: [],
  explain: ['resource', 'grant'],
  seal: ['file', ...SEALING],
  'seal-stream': ['file', ...SEALING],
  open: ['file', 'out'],
  'open-stream': ['file', 'out'],
});

/** The command was used in a wrong way. */
class UsageError extends Error {}

/**
 * @param {string[]} words
 * @returns {any}
 */
function readArguments(words) {
  let parsed;
  try {
    parsed = parseArgs({ args: words, options: OPTIONS, allowPositionals: true });
  } catch {
    throw new UsageError();
  }
  const [command, file, ...more] = parsed.positionals;
  const use = { seconds: '30', ...parsed.values, command, file };
  if (use.help) return use;
  const needed = Object.hasOwn(NEEDED, command ?? '') ? NEEDED[command] : undefined;
  const whole = needed?.every((name) => /** @type {any} */ (use)[name]);
  const surplus = more.length > 0 || (file && !needed?.includes('file'));
  const there = use.socket ? !use.tcp : use.tcp && use.certificates;
  if (!whole || surplus || !there || !/^[1-9][0-9]{0,4}$/.test(use.seconds)) throw new UsageError();
  return use;
}

/**
 * @param {any} use
 * @param {string} file
 * @returns {Promise<import('./src/sealing.js').Subject>}
 */
async function subjectOf(use, file) {
  const { resource, purpose, reference } = use;
  const grant = (await readFile(use.grant, 'utf8')).trim();
  const encoding = file.endsWith('.ndjson') ? 'RECORD_ENCODING_NDJSON' : 'RECORD_ENCODING_JSON';
  return { resource, purpose, grant, encoding, reference };
}

/** @param {unknown} told */
function print(told) {
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

/** @param {Refusal} refusal */
function tellRetry(refusal) {
  process.stderr.write(`trying again 重试: ${refusal.code}\n`);
}

/** @type {Readonly<Record<string, (sidecar: any, use: any, deadline: number) => Promise<void>>>} */
const COMMANDS = Object.freeze({
  async status(sidecar, _use, deadline) {
    const told = await retried(() => ask(sidecar, 'GetStatus', {}, deadline), deadline, tellRetry);
    const { department, version, ready, conditions } = told;
    print({ department, version, ready });
    for (const { name, title_zh, state, text, text_zh } of conditions) {
      print({ name, title_zh, state, text, text_zh });
    }
  },

  async explain(sidecar, use, deadline) {
    const { resource, grant } = await subjectOf(use, '');
    const told = await explain(sidecar, resource, grant, deadline);
    for (const { id, name, treatment, disclosure, reason, reason_zh } of told.fields) {
      print({ id, name, treatment: JSON.parse(treatment), disclosure, reason, reason_zh });
    }
  },

  async seal(sidecar, use, deadline) {
    const [subject, records] = await Promise.all([subjectOf(use, use.file), readFile(use.file)]);
    const how = { requestId: use['request-id'], told: tellRetry };
    const sealed = await seal(sidecar, subject, records, deadline, how);
    await writeFile(use.out, [sealed.envelope]);
    const { records: count, findings } = sealed;
    print({ envelope_id: sealed.envelope_id.toString('hex'), records: Number(count), findings });
  },

  async 'seal-stream'(sidecar, use, deadline) {
    const subject = { ...(await subjectOf(use, '')), encoding: 'RECORD_ENCODING_NDJSON' };
    async function* pieces() {
      const batches = readBatches(use.file);
      for await (const { part, number, last } of sealStream(sidecar, subject, batches, deadline)) {
        yield withLength(part.envelope);
        print({ part: Number(number), records: Number(part.records), last });
      }
    }
    await writeFile(use.out, pieces());
  },

  async open(sidecar, use, deadline) {
    const { reopen, reference } = use;
    const opened = await open(sidecar, await readFile(use.file), deadline, { reopen, reference });
    await writeFile(use.out, [opened.records]);
    print({ sender: opened.sender, envelope_id: opened.envelope_id.toString('hex') });
  },

  async 'open-stream'(sidecar, use, deadline) {
    const { reopen, reference } = use;
    const parts = openStream(sidecar, readEnvelopes(use.file), deadline, { reopen, reference });
    async function* pieces() {
      for await (const { part } of parts) {
        yield part.records;
        print({ sender: part.sender, envelope_id: part.envelope_id.toString('hex') });
      }
    }
    await writeFile(use.out, pieces()); // under its name only once the chain has ended
  },
});

/** @param {string[]} words */
async function main(words) {
  const use = readArguments(words);
  if (use.help) return void process.stdout.write(USAGE);
  const connecting = use.socket ? connectSocket(use.socket) : connectTcp(use.tcp, use.certificates);
  const sidecar = await connecting;
  try {
    await COMMANDS[use.command](sidecar, use, Date.now() + Number(use.seconds) * 1000);
  } finally {
    sidecar.close();
  }
}

/** @param {Refusal} refusal */
function tellRefusal({ code, message, messageZh, violations, retryAfter }) {
  const lines = violations.map(({ field, text, textZh }) => `  ${field}: ${text} ${textZh}\n`);
  if (retryAfter !== null) lines.push(`  try again after 可重试，间隔: ${retryAfter} s\n`);
  process.stderr.write(`${lines.join('')}拒绝：${messageZh}\nrefused: ${code}: ${message}\n`);
}

/** @param {any} error */
function tellFailure(error) {
  // An unforeseen error may quote what it was given; the operating system's names a reason.
  const reason = error instanceof FileError ? error.message : error?.syscall ? error.code : null;
  process.stderr.write(reason ? `failed 失败: ${reason}\n` : 'failed 失败\n');
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Refusal) tellRefusal(error);
  else if (error instanceof UsageError) process.stderr.write(USAGE);
  else tellFailure(error);
  process.exitCode = error instanceof Refusal ? 3 : error instanceof UsageError ? 2 : 1;
}
