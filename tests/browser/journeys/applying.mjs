// From the guide to the receipt; the same steps for every journey that needs an application.

import { Form, Review, Start } from '../pages/apply.mjs';
import { Item } from '../pages/item.mjs';
import { Receipt } from '../pages/receipt.mjs';

/** Fills in everything that a sample says; `mistake` puts a wrong answer into one field, to be found and mended. */
export async function fillIn(browser, visit, sample, mistake) {
  const form = new Form(visit);
  await form.applicant(sample.applicant);
  for (const [words, value] of sample.fields) await form.fill(words, value);
  for (const words of sample.choices ?? []) await form.choose(visit.say(words));
  for (const words of sample.ticks ?? []) await form.tick(visit.say(words));
  if (mistake) await form.fill(...sample.mistaken);
  for (const [words, file] of await sample.documents(browser)) await form.upload(words, file);
  return form;
}

/** Applies from the item's page on; the receipt, open in front of the visitor. */
export async function apply(hall, visit, sample, { mistake = false } = {}) {
  await new Item(visit, visit.say(sample.name)).apply();
  await visit.look('before you begin');
  await new Start(visit).begin(sample.situation);
  await visit.look('empty form');
  const form = await fillIn(hall.browser, visit, sample, mistake);
  await visit.look('form, filled in');
  await form.review();
  if (mistake) {
    await form.expectFault(sample.mistaken[0]);
    await visit.look('form with a fault');
    const [words] = sample.mistaken;
    await form.fill(words, sample.fields.find(([field]) => field.zh.source === words.zh.source)[1]);
    await form.review();
  }
  const review = new Review(visit);
  await review.expectAnswers([sample.applicant.name, ...sample.fields.map(([, value]) => value)]);
  await visit.look('review');
  await review.submit();
  const receipt = new Receipt(visit);
  const taken = await receipt.read();
  await visit.look('receipt');
  return { receipt, taken };
}
