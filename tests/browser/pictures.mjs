// node pictures.mjs FOLDER: the few pictures of the README, as one sees them before scrolling, small enough for a repository.

import { execFileSync } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { inStudio } from './gallery/studio.mjs';

/** Bytes of one picture. */
const SIZE_MAX = 150_000;
const PHONE = { kind: 'phone', language: 'zh', scheme: 'light' };

/** File, shot, way, and where to scroll to. */
const PICTURES = [
  ['first-page', '01-home', PHONE],
  ['form-with-a-fault', '12-faults', PHONE],
  ['receipt', '20-receipt', PHONE],
  ['correction', '30-case-correction', PHONE],
  ['guide', '05-guide', { ...PHONE, kind: 'desktop' }],
  ['derivation', '31-derivation', { ...PHONE, kind: 'desktop', language: 'en' }, 'details[data-clock=promise]'],
];

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: pictures.mjs FOLDER');
  process.exit(2);
}
await mkdir(folder, { recursive: true });
await inStudio(async (list, look) => {
  for (const [file, name, way, place] of PICTURES) {
    const shot = list.find((one) => one.name === name);
    const to = path.join(folder, `${file}.png`);
    await look(shot, way, async (page) => {
      if (place) await page.locator(place).evaluate((e) => e.scrollIntoView({ block: 'start' }));
      await page.screenshot({ path: to, animations: 'disabled' });
    });
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--speed', '1', '--strip', '--output', to, '64', to]);
    const { size } = await stat(to);
    if (size > SIZE_MAX) throw new Error(`${to} has ${size} bytes, more than ${SIZE_MAX}`);
    console.log(`${to}  ${Math.ceil(size / 1000)} KB`);
  }
});
