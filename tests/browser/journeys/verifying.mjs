// Somebody who was shown a receipt wants to know whether it is true: on the hall's page, and on the page that they saved, offline.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expectGone } from '../expectation.mjs';
import { Verify } from '../pages/verify.mjs';
import { Visit } from '../visit.mjs';

/** Changes of a receipt, and the verdict that each must get. */
function forgeries(text) {
  const changed = (change) => {
    const copy = JSON.parse(text);
    change(copy);
    return JSON.stringify(copy);
  };
  const first = (hash) => (hash.startsWith('0') ? '1' : '0') + hash.slice(1);
  return {
    receipt_signature: changed((file) => { file.receipt = file.receipt.replace(/\.(.)/, (_, c) => `.${c === 'a' ? 'b' : 'a'}`); }),
    clear_differs: changed((file) => { file.promise.application_no += '0'; }),
    root_signature: changed((file) => { file.inclusion_proof.statement = file.inclusion_proof.statement.slice(0, -8) + 'AAAAAAAA'; }),
    path: changed((file) => {
      const proof = file.inclusion_proof;
      if (proof.path.length > 0) proof.path[0] = first(proof.path[0]);
      else proof.record += ' ';
    }),
    not_a_receipt: '{"receipt": "1"}',
  };
}

export async function verifying(hall, { kind, language, javaScript }) {
  const visit = await Visit.begin(hall, { kind, language, javaScript });
  const text = await readFile(hall.receipt, 'utf8');
  await visit.go('/verify');
  const page = new Verify(visit);
  await visit.look('before a receipt is chosen');
  await page.choose(hall.receipt);
  await page.expect('holds_sealed');
  assert.ok((await page.words()).includes(JSON.parse(text).promise.application_no), 'the verdict names the application');
  await visit.look('a receipt that holds');
  for (const [verdict, forged] of Object.entries(forgeries(text))) {
    await page.paste(forged);
    await page.expect(verdict);
  }
  await visit.look('a receipt that does not hold');
  const early = JSON.parse(text);
  delete early.inclusion_proof;
  await page.paste(JSON.stringify(early));
  await page.expect('holds');
  await visit.look('a receipt without its proof');

  const folder = await mkdtemp(path.join(tmpdir(), 'tongban-verify-'));
  try {
    const saved = path.join(folder, 'verify-receipt.html');
    const download = visit.page.waitForEvent('download');
    await visit.link({ zh: /保存本页/, en: /save this page/i }).click();
    await writeFile(saved, await readFile(await (await download).path()));
    await visit.context.setOffline(true);
    await visit.page.goto(pathToFileURL(saved).href);
    await expectGone(visit.page.locator('#save'));
    await page.choose(hall.receipt);
    await page.expect('holds_sealed');
    await visit.look('the saved page');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await visit.end();
}
