// Somebody applies on one device, opens the case on another by number and query code, and withdraws it.

import assert from 'node:assert/strict';
import { Case } from '../pages/case.mjs';
import { LookUp } from '../pages/look_up.mjs';
import { EXPLOSIVES } from '../samples.mjs';
import { Visit } from '../visit.mjs';
import { apply } from './applying.mjs';

export async function withdrawn(hall, how) {
  const first = await Visit.begin(hall, how);
  await first.go(`/items/${EXPLOSIVES.code}?lang=${how.language}`);
  const { receipt, taken } = await apply(hall, first, EXPLOSIVES);
  const address = await receipt.readQr(taken);
  await first.end();

  const second = await Visit.begin(hall, { ...how, kind: how.kind === 'phone' ? 'desktop' : 'phone' });
  const wrong = await LookUp.open(second);
  await second.look('look-up');
  await wrong.submit({ ...taken, code: 'AAAAAAAAAAAAAAAAAAAA' });
  await wrong.expectRefusal();
  await second.look('look-up with a wrong code');

  // The QR code fills in what it knows: the number, and the code where a script can read it.
  await second.page.goto(address);
  const scanned = new LookUp(second);
  assert.equal(await scanned.number.inputValue(), taken.no, 'the QR code fills in the number');
  if (second.javaScript) assert.equal(await scanned.code.inputValue(), taken.code, 'the QR code fills in the query code');
  await scanned.submit(taken);

  const mine = new Case(second);
  await mine.expectState({ zh: /需要您补正/, en: /corrections are needed/i });
  await mine.withdraw('不办了', () => second.look('withdrawal'));
  await mine.expectState({ zh: /^已撤回/, en: /^withdrawn/i });
  await second.look('withdrawn case');
  await second.end();
}
