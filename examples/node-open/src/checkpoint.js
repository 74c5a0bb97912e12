/** The checkpoint of the sender's ledger in a manifest, section 12. */

const MAX_CHARACTERS = 4096; // it goes into our ledger
const MAX_SIGNATURES = 64;
const KEY_HASH_BYTES = 4;
const ROOT_BYTES = 32;
const LARGEST_SIZE = 2n ** 63n - 1n;

const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const ORIGIN =
  /^sealgate\/([0-9A-Z]{18})\/[a-z0-9][a-z0-9._-]{0,63}\/(?:node|worker-[0-9]{1,3})-[0-9a-f]{12}-[0-9a-f]{8}$/;
const SIZE = /^(?:0|[1-9][0-9]{0,18})$/;
const SIGNATURE = /^\u2014 ([^\s+]+) (\S+)$/;

/**
 * Decode standard base64 in its one spelling.
 * @param {string} text
 */
function decoded(text) {
  const data = Buffer.from(text, 'base64');
  return data.toString('base64') === text ? data : undefined;
}

/**
 * Tell whether signature lines are lines of such, each of a key of its own.
 * @param {string} text
 */
function areSignatures(text) {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length < 1 || lines.length > MAX_SIGNATURES) return false;
  const keys = lines.map((line) => {
    const [, name, packed] = SIGNATURE.exec(line) ?? [];
    const data = packed === undefined ? undefined : decoded(packed);
    if (data === undefined || data.length <= KEY_HASH_BYTES) return undefined;
    return `${name} ${data.toString('hex', 0, KEY_HASH_BYTES)}`;
  });
  return !keys.includes(undefined) && new Set(keys).size === keys.length;
}

/**
 * Tell whether this is a checkpoint of a department's ledger; its signatures are not verified.
 * @param {unknown} value
 * @param {string} department
 */
export function isCheckpointOf(value, department) {
  if (typeof value !== 'string' || value.length > 2 * MAX_CHARACTERS) return false;
  if ([...value].length > MAX_CHARACTERS || CONTROL.test(value)) return false;
  if (!value.isWellFormed()) return false;
  const end = value.lastIndexOf('\n\n');
  if (end < 0 || !areSignatures(value.slice(end + 2))) return false;
  const [origin, size, root, ...more] = value.slice(0, end).split('\n');
  if (root === undefined || more.length > 0) return false;
  return (
    ORIGIN.exec(origin)?.[1] === department &&
    SIZE.test(size) &&
    BigInt(size) <= LARGEST_SIZE &&
    decoded(root)?.length === ROOT_BYTES
  );
}
