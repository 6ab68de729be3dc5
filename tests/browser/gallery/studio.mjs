// Where pictures are taken: a hall with a case in each state, and a browser for each language.

import { device, open } from '../browser.mjs';
import { Hall } from './hall.mjs';
import { shots } from './shots.mjs';
import { cases } from './states.mjs';

/** Opens it, hands over the list of what there is to see and a way to look at one of it, and closes everything again. */
export async function inStudio(work) {
  const browsers = { zh: await open('zh'), en: await open('en') };
  try {
    const hall = await Hall.open();
    try {
      const list = shots(browsers.zh, Object.fromEntries(await cases(hall, browsers.zh)));
      const look = async (shot, way, take) => {
        const context = await device(browsers[way.language], hall.address, way);
        try {
          const page = await context.newPage();
          await shot.open(page, way);
          await take(page);
        } finally {
          await context.close();
        }
      };
      await work(list, look);
    } finally {
      await hall.close();
    }
  } finally {
    for (const browser of Object.values(browsers)) await browser.close();
  }
}
