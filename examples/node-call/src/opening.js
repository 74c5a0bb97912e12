/** What a requester does: open what it was sent. */

import { ask } from './connection.js';
import { exchange } from './streams.js';

/**
 * @typedef {object} How
 * @property {boolean} [reopen] although it was opened before
 * @property {string} [reference] the caller's own file number
 */

/**
 * Open an envelope. It opens once: where the answer got lost, ask again with `reopen`.
 * @param {import('./connection.js').Sidecar} sidecar
 * @param {Buffer} envelope
 * @param {number} deadline
 * @param {How} [how]
 */
export function open(sidecar, envelope, deadline, how = {}) {
  return ask(sidecar, 'Open', { envelope, encoding: 'RECORD_ENCODING_JSON', ...how }, deadline);
}

/**
 * Open a chain of envelopes; yields each part as lines of JSON.
 * Parts are provisional until the chain has ended without an error.
 * @param {import('./connection.js').Sidecar} sidecar
 * @param {AsyncIterable<Buffer>} envelopes
 * @param {number} deadline
 * @param {How} [how]
 */
export function openStream(sidecar, envelopes, deadline, how = {}) {
  async function* messages() {
    for await (const envelope of envelopes) {
      yield { envelope, encoding: 'RECORD_ENCODING_NDJSON', ...how };
    }
  }
  return exchange(sidecar.OpenStream({ deadline }), messages());
}
