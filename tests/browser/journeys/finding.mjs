// Somebody who has never been here looks for what they need, in their own words, and reads what it takes.

import assert from 'node:assert/strict';
import { Visit } from '../visit.mjs';
import { Home } from '../pages/home.mjs';
import { Results } from '../pages/results.mjs';
import { Item } from '../pages/item.mjs';
import { expectVisible } from '../expectation.mjs';
import { EXPLOSIVES } from '../samples.mjs';

export async function finding(hall, { kind, language, javaScript }) {
  const visit = await Visit.begin(hall, { kind, language, javaScript });
  const home = await Home.open(visit);
  await visit.look('home');

  await home.search('没有这样的事项');
  const results = new Results(visit);
  await results.expectNothingButAdvice();
  await visit.look('a search that finds nothing');

  await results.search('民爆');
  await visit.look('search results');
  await results.open(visit.say(EXPLOSIVES.name));
  const item = new Item(visit, visit.say(EXPLOSIVES.name));
  await item.expectGuide();
  await visit.look('guide');

  await visit.follow(visit.link({ zh: /^帮助$/, en: /^help$/i }).first());
  await expectVisible(visit.heading({ zh: /^帮助$/, en: /^help$/i }));
  await visit.look('help');

  await visit.follow(visit.link({ zh: /^English$/, en: /^中文$/ }).first());
  const other = language === 'zh' ? 'en' : 'zh';
  assert.ok((await visit.page.locator('html').getAttribute('lang')).startsWith(other), 'the language changes');
  await visit.follow(visit.page.getByRole('link', { name: language === 'zh' ? /^中文$/ : /^English$/ }).first());

  const refused = await visit.page.goto('/items/0000');
  assert.equal(refused.status(), 404);
  await expectVisible(visit.page.getByRole('main').getByRole('link').first());
  await visit.look('a page that does not exist');
  await visit.end();
}
