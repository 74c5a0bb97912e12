/**
 * Refusals: the stable codes of docs/reference/errors.md, with a text in English and Chinese.
 * No text holds a value, a token or a key; `where` names a place, never what stands there.
 */

/** @type {Readonly<Record<string, readonly [string, string]>>} */
const TEXTS = Object.freeze({
  CONFIGURATION_INVALID: ['a file of ours is missing or wrong', '本方文件缺失或有误'],
  DEPARTMENT_UNKNOWN: ['the sender is not in trust data', '信任数据中没有该发送部门'],
  ENVELOPE_EXPIRED: ['the envelope has ended', '信封已过期'],
  ENVELOPE_FROM_FUTURE: ['the envelope is from the future', '信封时间晚于本机时间'],
  ENVELOPE_MALFORMED: ['the envelope breaks its format', '信封格式有误'],
  ENVELOPE_MANIFEST_WRONG: ['manifest and contents do not agree', '清单与内容不符'],
  ENVELOPE_NOT_FOR_US: ['the envelope is for another department', '信封收件方不是本部门'],
  ENVELOPE_REPLAYED: ['the envelope was opened before', '该信封已被打开过'],
  ENVELOPE_SIGNATURE_INVALID: ["the envelope's signature does not hold", '信封签名无效'],
  ENVELOPE_UNDECRYPTABLE: ['the envelope cannot be decrypted', '信封无法解密'],
  KEY_UNAVAILABLE: ['the key is not in force', '密钥不在有效期内或已撤销'],
  KEY_UNKNOWN: ['there is no such key', '没有该密钥'],
  LEDGER_UNAVAILABLE: ['claim or ledger cannot be written', '防重放记录或日志无法写入'],
  LIMIT_EXCEEDED: ['more bytes than one call takes', '字节数超过单次调用上限'],
  STREAM_BROKEN: ['the stream is not whole', '数据流不完整'],
  SUITE_REFUSED: ['the suite is not accepted', '不接受该密码套件'],
  TRUST_STALE: ['trust data has ended or is from the future', '信任数据已过期或来自未来'],
});

/** An envelope, or what is needed to open it, was refused. */
export class Refusal extends Error {
  /**
   * @param {string} code one of the stable codes
   * @param {string} [where] a place, such as `header field 3`
   */
  constructor(code, where) {
    const [text, textZh] = TEXTS[code];
    super(where ? `${text}: ${where}` : text);
    this.name = 'Refusal';
    this.code = code;
    this.messageZh = where ? `${textZh}（${where}）` : textZh;
  }
}

/**
 * Refuse unless a check holds.
 * @param {unknown} holds
 * @param {string} code
 * @param {string} [where]
 * @returns {asserts holds}
 */
export function check(holds, code, where) {
  if (!holds) throw new Refusal(code, where);
}
