// Waiting for what a person would see, with a bound and a message that says what was looked for.

import assert from 'node:assert/strict';
import { WAIT_MAX } from './browser.mjs';

export async function expectVisible(locator, most = WAIT_MAX) {
  try {
    await locator.waitFor({ state: 'visible', timeout: most });
  } catch {
    throw new Error(`not seen within ${most / 1000} s: ${locator}`);
  }
}

export async function expectGone(locator, most = WAIT_MAX) {
  try {
    await locator.waitFor({ state: 'hidden', timeout: most });
  } catch {
    throw new Error(`still there after ${most / 1000} s: ${locator}`);
  }
}

/** Waits until `look` finds something that is true. */
export async function eventually(what, look, most = WAIT_MAX) {
  const begun = performance.now();
  let last;
  while (performance.now() - begun < most) {
    last = await look();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`not within ${most / 1000} s: ${what} (last: ${last})`);
}
