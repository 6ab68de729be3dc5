// 网上填报, in three steps: what to have ready, form and documents, everything once more to read before it is submitted.

import assert from 'node:assert/strict';
import { expectVisible } from '../expectation.mjs';

const NAME = { zh: /^姓名或单位名称/, en: /^name$/i };
const NUMBER = { zh: /^证件号码/, en: /^number of the document/i };
const PHONE = { zh: /^联系电话/, en: /^telephone/i };

/** Step 1: which situation, and what one needs. */
export class Start {
  constructor(visit) {
    this.visit = visit;
  }

  async begin(situation) {
    const { visit } = this;
    if (situation) await visit.page.getByRole('radio', { name: visit.say(situation) }).check();
    await visit.follow(visit.button({ zh: /开始填写/, en: /^begin/i }));
  }
}

/** Step 2: applicant, form, documents. */
export class Form {
  constructor(visit) {
    this.visit = visit;
  }

  async choose(name) {
    await this.visit.page.getByRole('radio', { name }).check();
  }

  async tick(name) {
    await this.visit.page.getByRole('checkbox', { name }).check();
  }

  async fill(words, value) {
    await this.visit.page.getByRole('textbox', { name: this.visit.say(words) }).fill(value);
  }

  async applicant({ type, document, name, number, phone }) {
    await this.choose(this.visit.say(type));
    await this.choose(this.visit.say(document));
    await this.fill(NAME, name);
    await this.fill(NUMBER, number);
    await this.fill(PHONE, phone);
  }

  /** Gives the file of one document and waits until it has arrived. */
  async upload(words, file) {
    const { visit } = this;
    const document = visit.page.getByRole('group', { name: visit.say(words) });
    await document.locator('input[type=file]').setInputFiles(file);
    if (!visit.javaScript) await visit.follow(document.getByRole('button', { name: visit.say({ zh: /上传所选文件/, en: /upload the chosen file/i }) }));
    await expectVisible(document.getByRole('button', { name: new RegExp(`(移除|remove).*${file.name}`, 'i') }));
  }

  async review() {
    await this.visit.follow(this.visit.button({ zh: /下一步：核对/, en: /next: check/i }));
  }

  /** What is wrong stands at the top and has the focus; each line leads to its field. */
  async expectFault(words) {
    const { visit } = this;
    const summary = visit.page.getByRole('alert');
    await expectVisible(summary);
    const line = summary.getByRole('link', { name: visit.say(words) });
    await expectVisible(line);
    if (visit.javaScript) assert.ok(await summary.evaluate((e) => e === document.activeElement), 'the summary has the focus');
    await line.click();
    const field = visit.page.getByRole('textbox', { name: visit.say(words) });
    assert.ok(await field.evaluate((e) => e === document.activeElement), 'the line leads to its field');
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
  }
}

/** Step 3: everything as it will be submitted. */
export class Review {
  constructor(visit) {
    this.visit = visit;
  }

  async expectAnswers(texts) {
    const main = this.visit.page.getByRole('main');
    await expectVisible(this.button);
    const text = await main.innerText();
    for (const wanted of texts) assert.ok(text.includes(wanted), `the review shows ${wanted}: ${text}`);
  }

  get button() {
    return this.visit.button({ zh: /^提交申请/, en: /submit the application/i });
  }

  async submit() {
    await this.visit.follow(this.button);
  }
}
