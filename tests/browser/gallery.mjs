// node gallery.mjs FOLDER [NAME…]
//
// Pictures of every page in every state, on a phone and at a desk, in Chinese and English, by day and by night, and as printed.
// With names only the pictures whose name begins with one of them. Prints an index, and leaves it as index.html.

import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inStudio } from './gallery/studio.mjs';

const WAYS = [
  { kind: 'phone', language: 'zh', scheme: 'light' },
  { kind: 'desktop', language: 'zh', scheme: 'light' },
  { kind: 'phone', language: 'en', scheme: 'light' },
  { kind: 'desktop', language: 'en', scheme: 'light' },
  { kind: 'phone', language: 'zh', scheme: 'dark' },
  { kind: 'desktop', language: 'en', scheme: 'dark' },
];

const [folder, ...wanted] = process.argv.slice(2);
if (!folder) {
  console.error('usage: gallery.mjs FOLDER [NAME…]');
  process.exit(2);
}
await mkdir(folder, { recursive: true });

/** As it comes out of a printer. */
async function print(page, name) {
  const paper = path.join(folder, `${name}.pdf`);
  await page.pdf({ path: paper, format: 'A4', printBackground: false });
  execFileSync('pdftoppm', ['-png', '-r', '70', '-singlefile', paper, path.join(folder, name)]);
  await rm(paper);
}

const taken = [];
const failed = [];

async function take(look, shot, way) {
  const name = `${shot.name}.${way.kind}.${way.language}${way.scheme === 'dark' ? '.dark' : ''}`;
  try {
    await look(shot, way, async (page) => {
      await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true, animations: 'disabled' });
      taken.push(name);
      if (!shot.print || way.scheme !== 'light' || way.kind !== 'desktop') return;
      await print(page, `${name}.print`);
      taken.push(`${name}.print`);
    });
  } catch (error) {
    failed.push(`${name}: ${error.message.split('\n')[0]}`);
  }
}

await inStudio(async (list, look) => {
  const chosen = list.filter((shot) => wanted.length === 0 || wanted.some((name) => shot.name.startsWith(name)));
  for (const way of WAYS) for (const shot of chosen) await take(look, shot, way);
});

const rows = taken.map((name) => `<figure><img src="${name}.png" loading="lazy" alt="${name}"><figcaption>${name}</figcaption></figure>`);
await writeFile(
  path.join(folder, 'index.html'),
  `<!doctype html><meta charset="utf-8"><title>Pictures</title><style>body{display:flex;flex-wrap:wrap;gap:1rem;font:14px sans-serif}
figure{margin:0;width:300px}img{width:100%;border:1px solid #999}</style>${rows.join('\n')}\n`,
);
for (const name of taken) console.log(path.join(folder, `${name}.png`));
for (const line of failed) console.error(`not taken: ${line}`);
console.log(`${taken.length} pictures; ${path.join(folder, 'index.html')}`);
process.exit(failed.length === 0 ? 0 : 1);
