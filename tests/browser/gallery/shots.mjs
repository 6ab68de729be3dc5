// What pictures are taken of: a name, and how the page comes to stand in front of the camera.

import { fillIn } from '../journeys/applying.mjs';
import { Start } from '../pages/apply.mjs';
import { LookUp } from '../pages/look_up.mjs';
import { EXPLOSIVES } from '../samples.mjs';
import { Visit } from '../visit.mjs';

/** Opens an address in the language of the picture. */
function at(address) {
  return async (page, { language }) => {
    const and = address.includes('?') ? '&' : '?';
    await page.goto(`${address}${and}lang=${language}`);
  };
}

/** Opens a page of a case, as somebody who has its query code. */
function inCase({ no, code }, rest = '', then = async () => {}) {
  return async (page, way) => {
    const answer = await page.context().request.post('/api/v1/session', { data: { application_no: no, query_code: code } });
    if (!answer.ok()) throw new Error(`session: ${answer.status()}`);
    await at(`/applications/${no}${rest}`)(page, way);
    await then(page, way);
  };
}

async function unfold(page) {
  await page.getByRole('main').locator('details').evaluateAll((all) => all.forEach((details) => {
    details.open = true;
  }));
}

/** Goes the way of an applicant as far as a picture needs: `form`, `faults`, `filled` or `review`. */
function applying(browser, sample, as) {
  return async (page, { language }) => {
    const visit = new Visit({ page, language, javaScript: true });
    await page.goto(`/items/${sample.code}/apply?lang=${language}`);
    await new Start(visit).begin(sample.situation);
    if (as === 'form') return;
    const form = await fillIn(browser, visit, sample, as === 'faults');
    if (as === 'filled') return;
    await form.review();
  };
}

/** The look-up with a code that is wrong. */
async function wrongCode(page, way) {
  await at('/applications')(page, way);
  await new LookUp(new Visit({ page, language: way.language })).submit({ no: '10131300500698857412611280001', code: 'AAAAAAAAAAAAAAAAAAAA' });
}


/** Everything; `made`: a case by each state. */
export function shots(browser, made) {
  return [
    { name: '01-home', open: at('/') },
    { name: '02-results', open: at('/items?q=%E6%B0%91%E7%88%86') },
    { name: '03-all-items', open: at('/items') },
    { name: '04-nothing-found', open: at('/items?q=%E6%B2%A1%E6%9C%89%E8%BF%99%E6%A0%B7%E7%9A%84%E4%BA%8B%E9%A1%B9') },
    { name: '05-guide', open: at(`/items/${EXPLOSIVES.code}`), print: true },
    { name: '06-help', open: at('/help') },
    { name: '07-not-found', open: at('/items/0000') },
    { name: '08-verify', open: at('/verify') },
    { name: '10-before-you-begin', open: at(`/items/${EXPLOSIVES.code}/apply`) },
    ...['form', 'faults', 'filled', 'review'].map((as, n) => ({ name: `1${n + 1}-${as}`, open: applying(browser, EXPLOSIVES, as) })),
    { name: '20-receipt', open: inCase(made.submitted, '/receipt'), print: true },
    { name: '21-look-up', open: at('/applications') },
    { name: '22-look-up-wrong', open: wrongCode },
    ...Object.entries(made).map(([state, taken]) => ({ name: `30-case-${state}`, open: inCase(taken) })),
    { name: '31-derivation', open: inCase(made.granted, '', unfold) },
    { name: '32-withdraw', open: inCase(made.handling, '/withdraw') },
    { name: '33-rated', open: inCase(made.rated) },
  ];
}
