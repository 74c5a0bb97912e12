/** Calls with many messages both ways, in constant memory. */

import { once } from 'node:events';

import { refusalOf } from './refusal.js';

/**
 * Send messages, and yield the answers as they come.
 *
 * `write` returns false once enough waits to be sent: the next message is made only after
 * `drain`. Answers are taken one by one: whoever is slow to take them holds the sidecar back,
 * and so the sending.
 * @param {any} call a call that streams both ways
 * @param {AsyncIterable<object>} messages
 * @returns {AsyncGenerator<any>}
 */
export async function* exchange(call, messages) {
  const ended = new AbortController();
  /** @type {unknown} */
  let fault;
  const sending = send(call, messages, ended.signal).catch((error) => {
    if (ended.signal.aborted) return; // the answers tell why
    fault = error;
    call.cancel();
  });
  call.once('error', () => ended.abort());
  try {
    for await (const answer of call) yield answer;
  } catch (error) {
    throw fault ?? refusalOf(error);
  } finally {
    // Also where the caller takes no further answer.
    ended.abort();
    call.cancel();
    await sending;
  }
}

/**
 * @param {any} call
 * @param {AsyncIterable<object>} messages
 * @param {AbortSignal} signal
 */
async function send(call, messages, signal) {
  for await (const message of messages) {
    signal.throwIfAborted();
    if (!call.write(message)) await once(call, 'drain', { signal });
  }
  call.end();
}
