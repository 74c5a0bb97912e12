/** Calls that are made again where nobody answered: only such as may be made twice. */

import { setTimeout as sleep } from 'node:timers/promises';

import { Refusal } from './refusal.js';

const FIRST_PAUSE = 200; // milliseconds, doubled each time
const LONGEST_PAUSE = 2000;

/**
 * Call until there is an answer, a refusal that stands, or no time left.
 * @template T
 * @param {() => Promise<T>} call the very same request each time
 * @param {number} deadline Unix milliseconds
 * @param {(refusal: Refusal) => void} [told] hears of each call that is made again
 */
export async function retried(call, deadline, told = () => {}) {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Refusal) || error.statusName !== 'UNAVAILABLE') throw error;
      // Between half and whole, so that many who were cut off do not come back at once.
      const wait = Math.max(pause * (0.5 + Math.random() / 2), (error.retryAfter ?? 0) * 1000);
      if (Date.now() + wait >= deadline) throw error;
      told(error);
      await sleep(wait);
    }
  }
}
