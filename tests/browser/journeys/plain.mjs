// The same without a line of JavaScript: search, guide, form, uploads, receipt, look-up, correction and result, each by a page of its own.

import { Case } from '../pages/case.mjs';
import { Home } from '../pages/home.mjs';
import { LookUp } from '../pages/look_up.mjs';
import { Results } from '../pages/results.mjs';
import { EXPLOSIVES } from '../samples.mjs';
import { Visit } from '../visit.mjs';
import { eventually } from '../expectation.mjs';
import { paper } from '../files.mjs';
import { apply } from './applying.mjs';

export async function plain(hall, how) {
  const visit = await Visit.begin(hall, { ...how, javaScript: false });
  const home = await Home.open(visit);
  await visit.look('home');
  await home.search('民爆');
  await visit.look('search results');
  await new Results(visit).open(visit.say(EXPLOSIVES.name));
  await visit.look('guide');
  const { taken } = await apply(hall, visit, EXPLOSIVES, { mistake: true });
  await visit.end();

  const other = await Visit.begin(hall, { ...how, javaScript: false });
  const look = await LookUp.open(other);
  await look.submit(taken);
  const mine = new Case(other);
  await reloadUntil(other, { zh: /需要您补正/, en: /corrections are needed/i });
  await other.look('case with a correction notice');
  await mine.answerNotice('已补交', { zh: /安全评价报告/, en: /safety assessment/i }, await paper(hall.browser, '盖章页'));
  await reloadUntil(other, { zh: /^准予/, en: /^granted/i });
  await mine.evaluate('很方便');
  await other.look('rated case');
  await other.end();
}

/** Without a script the page says what is new when it is asked for again, by its own link. */
async function reloadUntil(visit, words) {
  await eventually(
    `a page with ${visit.say(words)}`,
    async () => {
      if (await visit.heading(words).first().isVisible()) return true;
      await visit.follow(visit.link({ zh: /^刷新/, en: /^refresh/i }));
      return false;
    },
    60_000,
  );
}
