// 网上填报: situation, applicant, the item's form, its documents; then everything once more to read, and the button that submits.

import { expectVisible } from '../expectation.mjs';

const FIELDS = {
  name: { zh: /^姓名或单位名称/, en: /^name/i },
  idNumber: { zh: /^证件号码/, en: /^number of the document/i },
  phone: { zh: /^联系电话/, en: /^telephone/i },
  contact: { zh: /^联系人/, en: /^contact person/i },
};

export class Apply {
  constructor(visit) {
    this.visit = visit;
  }

  /** The radio button or the entry of a list with this name, wherever it stands. */
  async choose(words) {
    await this.visit.page.getByRole('radio', { name: this.visit.say(words) }).first().check();
  }

  async next() {
    await this.visit.follow(this.visit.button({ zh: /下一步|继续/, en: /next|continue/i }).first());
  }

  async situation(words) {
    await this.choose(words);
  }

  async applicant({ type, idType, name, idNumber, phone, contact }) {
    await this.choose(type);
    await this.choose(idType);
    for (const [field, value] of Object.entries({ name, idNumber, phone, contact })) {
      if (value !== undefined) await this.fill(FIELDS[field], value);
    }
  }

  async fill(words, value) {
    await this.visit.field(words).first().fill(value);
  }

  async tick(name) {
    await this.visit.page.getByRole('checkbox', { name }).check();
  }

  /** Gives the files of one document. */
  async upload(words, files) {
    await this.visit.page.getByLabel(this.visit.say(words)).first().setInputFiles(files);
  }

  async review() {
    await this.visit.follow(this.visit.button({ zh: /核对|检查|预览/, en: /review|check/i }).first());
  }

  async submit() {
    await this.visit.follow(this.visit.button({ zh: /确认提交|提交申请/, en: /submit/i }).first());
  }

  /** What is wrong stands at the top, has the focus, and each entry leads to its field. */
  async expectFaults(names) {
    const { visit } = this;
    const summary = visit.page.getByRole('alert').or(visit.page.locator('[aria-labelledby="faults"]')).first();
    await expectVisible(summary);
    for (const name of names) await expectVisible(summary.getByRole('link', { name: visit.say(name) }).first());
    return summary;
  }
}
