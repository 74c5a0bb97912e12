/** What a provider does: ask what a grant lets out, and seal. */

import { randomUUID } from 'node:crypto';

import { ask } from './connection.js';
import { retried } from './retry.js';
import { exchange } from './streams.js';

/**
 * What a call to seal is about.
 * @typedef {object} Subject
 * @property {string} resource
 * @property {string} purpose
 * @property {string} grant a token: never to be printed
 * @property {'RECORD_ENCODING_JSON' | 'RECORD_ENCODING_NDJSON'} encoding
 * @property {string} [reference] the caller's own file number
 */

/**
 * Ask what a grant would let out, field by field.
 * @param {import('./connection.js').Sidecar} sidecar
 * @param {string} resource
 * @param {string} grant
 * @param {number} deadline
 */
export function explain(sidecar, resource, grant, deadline) {
  return retried(() => ask(sidecar, 'Explain', { resource, grant }, deadline), deadline);
}

/**
 * Seal records, all or none.
 *
 * The request id makes it safe to send the request again: if the first one was sealed and
 * its answer got lost, the sidecar returns that envelope, and nothing is sealed or charged twice.
 * @param {import('./connection.js').Sidecar} sidecar
 * @param {Subject} subject
 * @param {Buffer} records
 * @param {number} deadline
 * @param {object} [how]
 * @param {string} [how.requestId] kept by the caller to ask again later, after a crash too
 * @param {(refusal: import('./refusal.js').Refusal) => void} [how.told]
 */
export function seal(sidecar, subject, records, deadline, { requestId, told } = {}) {
  const request = { subject, records, request_id: requestId ?? randomUUID() };
  return retried(() => ask(sidecar, 'Seal', request, deadline), deadline, told);
}

/**
 * Seal batches as a chain of envelopes; yields them as they come, the last one marked.
 * A stream that breaks is begun anew: a chain without its last part opens for nobody.
 * @param {import('./connection.js').Sidecar} sidecar
 * @param {Subject} subject
 * @param {AsyncIterable<Buffer>} batches
 * @param {number} deadline
 */
export function sealStream(sidecar, subject, batches, deadline) {
  async function* messages() {
    yield { subject };
    for await (const records of batches) yield { records };
  }
  return exchange(sidecar.SealStream({ deadline }), messages());
}
