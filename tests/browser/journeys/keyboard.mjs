// Applying with nothing but a keyboard: every control is reached by Tab, shows that it has the focus, and obeys.

import assert from 'node:assert/strict';
import { DISCLOSURE } from '../samples.mjs';
import { Receipt } from '../pages/receipt.mjs';
import { Visit } from '../visit.mjs';

/** No page has more stops. */
const STOPS_MAX = 120;
/** How long a file takes to arrive over a poor line, in milliseconds. */
const POOR_LINE = 1_500;

export async function keyboard(hall, how) {
  const visit = await Visit.begin(hall, how);
  const keys = new Keys(visit);
  const { page } = visit;
  await visit.go(`/items/${DISCLOSURE.code}?lang=${how.language}`);
  await keys.to(visit.link({ zh: /开始申请/, en: /apply now/i }));
  await keys.follow('Enter');
  await keys.to(visit.button({ zh: /开始填写/, en: /^begin/i }));
  await keys.follow('Enter');

  const { applicant, fields, choices } = DISCLOSURE;
  await keys.choose(page.getByRole('radio', { name: visit.say(applicant.type) }));
  await keys.write({ zh: /^姓名或单位名称/, en: /^name$/i }, applicant.name);
  await keys.choose(page.getByRole('radio', { name: visit.say(applicant.document) }));
  await keys.write({ zh: /^证件号码/, en: /^number of the document/i }, applicant.number);
  await keys.write({ zh: /^联系电话/, en: /^telephone/i }, applicant.phone);
  for (const [words, value] of fields) await keys.write(words, value);
  for (const words of choices) await keys.choose(page.getByRole('radio', { name: visit.say(words) }));
  await page.route('**/api/v1/materials', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, POOR_LINE));
    await route.continue();
  });
  // From here on the browser hands over its choosers: asked for only when a key is pressed, that can come too late.
  page.on('filechooser', () => {});
  for (const [words, file] of await DISCLOSURE.documents(hall.browser)) {
    await keys.to(page.getByLabel(visit.say(words)).and(page.locator('input[type=file]')));
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
    await chooser.setFiles(file);
    await page.getByText(file.name).first().waitFor();
    // The file is named, not arrived: whoever goes on at once must not lose it.
  }
  await keys.to(visit.button({ zh: /下一步：核对/, en: /next: check/i }));
  await keys.follow('Enter');
  await keys.to(visit.button({ zh: /^提交申请/, en: /submit the application/i }));
  await keys.follow('Enter');
  await new Receipt(visit).read();
  visit.evidence.check('keyboard alone');
  await visit.end();
}

class Keys {
  constructor(visit) {
    this.page = visit.page;
    this.visit = visit;
  }

  /** Tabs until the control has the focus, and looks whether that can be seen. */
  async to(locator) {
    await locator.waitFor();
    for (let stop = 0; stop < STOPS_MAX; stop += 1) {
      if (await locator.evaluate((e) => e === document.activeElement)) {
        const seen = await locator.evaluate((e) => {
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(e);
          return (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || boxShadow !== 'none';
        });
        assert.ok(seen, `${locator} shows that it has the focus`);
        return;
      }
      await this.page.keyboard.press('Tab');
    }
    assert.fail(`${locator} is not reached within ${STOPS_MAX} stops`);
  }

  async write(words, value) {
    await this.to(this.page.getByRole('textbox', { name: this.visit.say(words) }));
    await this.page.keyboard.insertText(value);
  }

  /** One of a group of radio buttons: Tab reaches the group, arrows go through it. */
  async choose(radio) {
    const name = await radio.getAttribute('name');
    const group = this.page.locator(`input[type=radio][name="${name}"]`);
    await this.toAnyOf(group);
    const size = await group.count();
    await this.page.keyboard.press('Space');
    for (let step = 0; step < size && !(await radio.isChecked()); step += 1) await this.page.keyboard.press('ArrowDown');
    assert.ok(await radio.isChecked(), `${radio} can be chosen by the keyboard`);
  }

  async toAnyOf(group) {
    for (let stop = 0; stop < STOPS_MAX; stop += 1) {
      if (await group.evaluateAll((all) => all.includes(document.activeElement))) return;
      await this.page.keyboard.press('Tab');
    }
    assert.fail(`${group} is not reached within ${STOPS_MAX} stops`);
  }

  async follow(key) {
    const arrived = this.page.waitForEvent('load');
    await this.page.keyboard.press(key);
    await arrived;
  }
}
