// node run.mjs JOURNEY --address http://… [--device phone|desktop] [--language zh|en] [--without-javascript] [--receipt FILE]
//   [--operations http://…]
//
// One journey on one device in one language; status 1 when something is not as it should be, with the files to look at.

import { parseArgs } from 'node:util';
import { DEVICES, JOURNEY_MAX, LANGUAGES, open } from './browser.mjs';
import { Evidence } from './evidence.mjs';
import { finding } from './journeys/finding.mjs';
import { granted } from './journeys/granted.mjs';
import { keyboard } from './journeys/keyboard.mjs';
import { plain } from './journeys/plain.mjs';
import { verifying } from './journeys/verifying.mjs';
import { withdrawn } from './journeys/withdrawn.mjs';

const JOURNEYS = { finding, granted, withdrawn, plain, keyboard, verifying };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: 'string' },
    device: { type: 'string', default: 'phone' },
    language: { type: 'string', default: 'zh' },
    operations: { type: 'string' },
    receipt: { type: 'string' },
    'without-javascript': { type: 'boolean', default: false },
  },
});
const [name] = positionals;
const journey = JOURNEYS[name];
if (!journey || !values.address || !DEVICES[values.device] || !LANGUAGES[values.language]) {
  console.error(`usage: run.mjs ${Object.keys(JOURNEYS).join('|')} --address URL [--device phone|desktop] [--language zh|en]`);
  process.exit(2);
}

const how = { kind: values.device, language: values.language, javaScript: !values['without-javascript'] };
const title = `${name} on a ${how.kind} in ${how.language}${how.javaScript ? '' : ' without JavaScript'}`;
const evidence = new Evidence();
const browser = await open(how.language);
const begun = performance.now();
const log = (line) => console.log(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s ${line}`);
let bound;
const late = new Promise((_, refuse) => {
  bound = setTimeout(() => refuse(new Error(`not done within ${JOURNEY_MAX / 1000} s`)), JOURNEY_MAX);
});
let status = 0;
try {
  const walked = journey({ browser, address: values.address, evidence, log, receipt: values.receipt, operations: values.operations }, how);
  walked.catch(() => {});
  await Promise.race([walked, late]);
  evidence.check('at the end');
  log(`done: ${title}`);
} catch (error) {
  status = 1;
  const files = await evidence.keep(`${name}-${how.kind}-${how.language}${how.javaScript ? '' : '-plain'}`);
  console.error(`FAILED: ${title}\n${error.stack}\nlook at:\n  ${files.join('\n  ')}`);
} finally {
  clearTimeout(bound);
  await browser.close();
}
process.exit(status);
