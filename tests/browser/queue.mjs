// 投递队列: what an operator does to the queue of a partner while somebody looks at a page.

import assert from 'node:assert/strict';

export class Queue {
  /** `operations` is the address of the operations listener, `system` the partner's code. */
  constructor(operations, system) {
    this.base = `${operations}/ops/v1/systems/${system}`;
  }

  /** Nothing goes to the partner from now on. */
  async hold() {
    await this.#order('pause');
  }

  /** What has waited goes. */
  async release() {
    await this.#order('resume');
  }

  async #order(act) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.base}/${act}`, { method: 'POST', headers, body: JSON.stringify({ reason: 'a journey' }) });
    assert.equal(answer.status, 200, `${act}: ${await answer.text()}`);
  }
}
