// The whole way: somebody who has never been here applies, is asked for corrections, answers, is granted and rates, by the pages alone.

import assert from 'node:assert/strict';
import { paper } from '../files.mjs';
import { Case } from '../pages/case.mjs';
import { Home } from '../pages/home.mjs';
import { Results } from '../pages/results.mjs';
import { Queue } from '../queue.mjs';
import { EXPLOSIVES } from '../samples.mjs';
import { Visit } from '../visit.mjs';
import { apply } from './applying.mjs';

export async function granted(hall, how) {
  const visit = await Visit.begin(hall, how);
  const home = await Home.open(visit);
  await home.search('民爆');
  await new Results(visit).open(visit.say(EXPLOSIVES.name));
  // On a busy machine the department would be done before anybody looks: it gets the application when the case is open.
  const queue = new Queue(hall.operations, EXPLOSIVES.system);
  await queue.hold();
  const { receipt, taken } = await apply(hall, visit, EXPLOSIVES, { mistake: true });
  await receipt.readQr(taken);

  await receipt.openCase();
  const mine = new Case(visit);
  await mine.mark();
  await mine.expectGrowth(() => queue.release());
  await mine.expectState({ zh: /需要您补正/, en: /corrections are needed/i });
  await mine.expectHolder({ zh: /在您手里/, en: /with you since/i });
  await mine.expectSameDocument();
  await visit.look('case with a correction notice');

  await mine.answerNotice('已补交仓库安全评价报告盖章页', { zh: /安全评价报告/, en: /safety assessment/i }, await paper(hall.browser, '盖章页'));
  await mine.mark();
  await mine.expectState({ zh: /^准予/, en: /^granted/i });
  await mine.expectSameDocument();
  await visit.look('granted case');

  const clock = await mine.unfold({ zh: /承诺办结时限/, en: /promised time/i });
  assert.ok(clock.days > 12, `each of the twelve working days stands there: ${clock.text}`);
  assert.match(clock.text, visit.say({ zh: /周末/, en: /weekend/ }), 'weekends are named as what does not count');
  await visit.look('clock with its derivation');
  const sizes = await mine.download();
  assert.ok(sizes.length > 0 && sizes.every((size) => size > 0), `the certificate can be fetched: ${sizes}`);
  await mine.evaluate('很方便');
  await visit.look('rated case');
  await visit.end();
}
