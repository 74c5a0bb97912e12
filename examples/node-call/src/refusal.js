/**
 * What the sidecar refused: a stable code of docs/reference/errors.md, a text in English and
 * Chinese, the fields at fault. The texts come from the sidecar and hold no value; those of
 * libraries may quote what they were given, and are never passed on.
 */

import { status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';

const DETAILS = 'grpc-status-details-bin';
const TYPES = loadSync(fileURLToPath(new URL('refusal.proto', import.meta.url)), {
  keepCase: true,
  defaults: true,
  longs: Number,
});

/** @type {Readonly<Record<string, readonly [string, string]>>} */
const TEXTS = Object.freeze({
  UNAVAILABLE: ['nobody answers there, or the connection broke', '无法连接服务，或连接中断'],
  DEADLINE_EXCEEDED: ['no answer within the deadline', '超过时限未获答复'],
  RESOURCE_EXHAUSTED: ['a message too large, or too many calls at once', '消息过大或并发过多'],
});
const OTHER_TEXT = ['the call failed without a refusal', '调用失败，未返回拒绝原因'];

/** One thing wrong with what was sent: its place, such as `records[0].name`, never a value. */
/** @typedef {{field: string, text: string, textZh: string}} Violation */

/** A call that the sidecar refused, or that did not reach it. */
export class Refusal extends Error {
  /**
   * @param {string} code a stable code, or the name of the gRPC status where there is none
   * @param {string} message
   * @param {string} messageZh
   * @param {Violation[]} violations
   * @param {number | null} retryAfter seconds; null where the sidecar names none
   * @param {string} statusName of gRPC
   */
  constructor(code, message, messageZh, violations, retryAfter, statusName) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.messageZh = messageZh;
    this.violations = violations;
    this.retryAfter = retryAfter;
    this.statusName = statusName;
  }
}

/**
 * Read the refusal out of what a call failed with; anything else comes back as it is.
 * @param {any} error
 * @returns {Error}
 */
export function refusalOf(error) {
  if (error instanceof Refusal || !error?.metadata || typeof error.code !== 'number') return error;
  const statusName = status[error.code] ?? 'UNKNOWN';
  const [trailer] = error.metadata.get(DETAILS);
  const found = trailer === undefined ? null : readDetails(trailer);
  if (!found?.code) {
    const [text, textZh] = TEXTS[statusName] ?? OTHER_TEXT;
    return new Refusal(statusName, text, textZh, [], null, statusName);
  }
  const { code, message, messageZh, violations, retryAfter } = found;
  return new Refusal(code, message, messageZh, violations, retryAfter, statusName);
}

/**
 * Decode google.rpc.Status, and each detail by the name of its type.
 * @param {Buffer} trailer
 */
function readDetails(trailer) {
  const { message, details } = decode('google.rpc.Status', trailer);
  const found = {
    code: '',
    message,
    messageZh: message,
    violations: /** @type {Violation[]} */ ([]),
    retryAfter: /** @type {number | null} */ (null),
  };
  for (const { type_url, value } of details ?? []) {
    const name = type_url.slice(type_url.lastIndexOf('/') + 1);
    if (name in READERS) READERS[name](found, decode(name, value));
  }
  return found;
}

/** @type {Readonly<Record<string, (found: any, detail: any) => void>>} */
const READERS = Object.freeze({
  'google.rpc.ErrorInfo': (found, { reason }) => void (found.code = reason),
  'google.rpc.LocalizedMessage': (found, { message }) => void (found.messageZh = message),
  'google.rpc.BadRequest': (found, { field_violations }) => {
    found.violations = (field_violations ?? []).map((/** @type {any} */ one) => ({
      field: one.field,
      text: one.description,
      textZh: one.localized_message?.message ?? one.description,
    }));
  },
  'google.rpc.RetryInfo': (found, { retry_delay }) => {
    found.retryAfter = Number(retry_delay?.seconds ?? 0) + (retry_delay?.nanos ?? 0) / 1e9;
  },
});

/**
 * @param {string} name
 * @param {Buffer} bytes
 * @returns {any}
 */
function decode(name, bytes) {
  const type = /** @type {import('@grpc/proto-loader').MessageTypeDefinition<any, any>} */ (
    TYPES[name]
  );
  return type.deserialize(bytes);
}
