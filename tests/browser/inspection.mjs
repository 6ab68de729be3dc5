// What every page that is visited must be: free of barriers (axe, WCAG 2.2 AA), within the width of the screen down to 320 px,
// in the language that was asked for, with every text translated.

import { axe } from './libraries.mjs';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** WCAG 2.2, 1.4.10: nothing scrolls sideways at this width. */
const REFLOW_WIDTH = 320;

/** Checks the page as it stands. `javaScript`: whether scripts run on it; without, its source is looked at in a twin. */
export async function inspect(page, { language, javaScript }) {
  const faults = [
    ...(await texts(page, language)),
    ...(await widths(page)),
    ...(javaScript ? await barriers(page) : await inTwin(page)),
  ];
  if (faults.length > 0) throw new Error(`${page.url()}:\n  ${faults.join('\n  ')}`);
}

/** What axe finds, a line an element. */
async function barriers(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(
    async (rules) => {
      const { violations } = await globalThis.axe.run(document, { runOnly: rules });
      return violations.flatMap((rule) =>
        rule.nodes.map((node) => `axe ${rule.id} (${rule.impact}): ${node.target.join(' ')}: ${node.failureSummary}`),
      );
    },
    RULES,
  );
  return found.map((line) => line.replaceAll('\n', ' '));
}

/** axe needs timers, which a page without scripts does not have: the same source is shown in a page that has them. */
async function inTwin(page) {
  const source = (await page.content()).replaceAll(/<\/?noscript[^>]*>/g, '').replaceAll(/<script[\s\S]*?<\/script>/g, '');
  const viewport = page.viewportSize();
  const twin = await page.context().browser().newContext({ viewport });
  try {
    const shown = await twin.newPage();
    const address = page.url();
    await shown.route(
      (url) => url.href === address,
      (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body: source }),
    );
    await shown.goto(address);
    return await barriers(shown);
  } finally {
    await twin.close();
  }
}

async function texts(page, language) {
  const { lang, title, text } = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title.trim(),
    text: document.body.innerText,
  }));
  const faults = [];
  if (!lang.startsWith(language)) faults.push(`the page says that it is in "${lang}", asked for was "${language}"`);
  if (title === '') faults.push('the page has no title');
  const key = text.match(/\b[a-z]+(?:[._][a-z]+){2,}\b/);
  if (key && !key[0].includes('www.')) faults.push(`a key instead of a text: ${key[0]}`);
  const hole = text.match(/\{\{|\}\}|\{[a-z_]+\}|\bundefined\b|\bNaN\b|\[object /);
  if (hole) faults.push(`a hole in a text: ${hole[0]}`);
  return faults;
}

/** Whether something is wider than the screen, at the device's width and at the narrowest that must do. */
async function widths(page) {
  const viewport = page.viewportSize();
  const faults = [];
  for (const width of new Set([viewport.width, REFLOW_WIDTH])) {
    await page.setViewportSize({ ...viewport, width });
    const wide = await page.evaluate(() => {
      const most = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= most) return [];
      const name = (e) => `${e.tagName.toLowerCase()}${e.className ? `.${String(e.className).split(' ')[0]}` : ''}`;
      const out = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > most + 1);
      return out.slice(0, 5).map((e) => `${name(e)} to ${Math.round(e.getBoundingClientRect().right)} px`);
    });
    if (wide.length > 0) faults.push(`wider than ${width} px: ${wide.join(', ')}`);
  }
  await page.setViewportSize(viewport);
  return faults;
}
