/**
 * JSON (RFC 8259) read strictly and written anew.
 * `JSON.parse` keeps the last of two members of one name and rounds whole numbers above 2^53.
 */

const MAX_DEPTH = 8; // nesting that exhausts the stack; a manifest has 4 levels
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const LITERALS = /** @type {const} */ ([['true', true], ['false', false], ['null', null]]);

/** A number with point or exponent, as it was spelled. */
export class Fraction {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/**
 * A whole number is a number up to 2^53 - 1, a bigint above.
 * Objects have no prototype, so that every name is an ordinary member.
 * @typedef {null | boolean | number | bigint | Fraction | string} Flat
 * @typedef {Flat | JsonArray | JsonObject} Json
 * @typedef {Json[]} JsonArray
 * @typedef {{[name: string]: Json}} JsonObject
 */

/** @param {unknown} value */
export function isWhole(value) {
  return typeof value === 'number' || typeof value === 'bigint';
}

/**
 * @param {unknown} value
 * @returns {value is {[name: string]: Json}}
 */
export function isObject(value) {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

/**
 * Read one JSON text.
 * @param {Buffer} data
 * @returns {Json}
 * @throws {SyntaxError} which quotes nothing
 */
export function readJson(data) {
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new SyntaxError('no UTF-8');
  }
  return new Reader(text).whole();
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
  }

  whole() {
    const value = this.value();
    if (this.at !== this.text.length) this.fail();
    return value;
  }

  /** @returns {never} */
  fail() {
    throw new SyntaxError(`no JSON at ${this.at}`);
  }

  /** @param {RegExp} pattern sticky */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  /** @param {string} character */
  takes(character) {
    const here = this.text[this.at] === character;
    if (here) this.at += 1;
    return here;
  }

  /** @returns {Json} */
  value() {
    this.match(SPACE);
    const value = this.bare();
    this.match(SPACE);
    return value;
  }

  /** @returns {Json} */
  bare() {
    if (this.takes('"')) return this.string();
    if (this.takes('{')) return this.nested(() => this.object());
    if (this.takes('[')) return this.nested(() => this.array());
    for (const [word, value] of LITERALS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  /**
   * @template T
   * @param {() => T} read
   */
  nested(read) {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) this.fail();
    const value = read();
    this.depth -= 1;
    return value;
  }

  number() {
    const found = this.match(NUMBER) ?? this.fail();
    if (found[1] !== undefined || found[2] !== undefined) return new Fraction(found[0]);
    const near = Number(found[0]);
    return Number.isSafeInteger(near) ? near : BigInt(found[0]);
  }

  string() {
    const parts = [];
    for (;;) {
      parts.push(/** @type {RegExpExecArray} */ (this.match(PLAIN))[0]);
      if (this.takes('"')) break;
      if (!this.takes('\\')) this.fail();
      parts.push(this.escape());
    }
    const whole = parts.join('');
    if (!whole.isWellFormed()) this.fail(); // half a surrogate pair, which UTF-8 cannot hold
    return whole;
  }

  escape() {
    const code = this.match(/u([0-9a-fA-F]{4})/y);
    if (code) return String.fromCharCode(Number.parseInt(code[1], 16));
    const found = this.match(/["\\/bfnrt]/y) ?? this.fail();
    return ESCAPES[/** @type {keyof typeof ESCAPES} */ (found[0])];
  }

  array() {
    /** @type {Json[]} */
    const values = [];
    this.match(SPACE);
    if (this.takes(']')) return values;
    do values.push(this.value());
    while (this.takes(','));
    return this.takes(']') ? values : this.fail();
  }

  object() {
    /** @type {{[name: string]: Json}} */
    const members = Object.create(null);
    this.match(SPACE);
    if (this.takes('}')) return members;
    do {
      this.match(SPACE);
      const name = this.takes('"') ? this.string() : this.fail();
      this.match(SPACE);
      if (name in members || !this.takes(':')) this.fail();
      members[name] = this.value();
    } while (this.takes(','));
    return this.takes('}') ? members : this.fail();
  }
}

/**
 * Write a value as JSON without a space.
 * @param {Json} value
 * @returns {string}
 */
export function writeJson(value) {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Fraction) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    const written = members.map(([name, one]) => `${JSON.stringify(name)}:${writeJson(one)}`);
    return `{${written.join(',')}}`;
  }
  return JSON.stringify(value);
}
