// Reads a QR code as a phone does: from what is seen.

import { PNG, readQr } from './libraries.mjs';

/** The text in the picture of an element. */
export async function decode(locator) {
  await locator.scrollIntoViewIfNeeded();
  const picture = PNG.sync.read(await locator.screenshot());
  const found = readQr(new Uint8ClampedArray(picture.data), picture.width, picture.height);
  if (!found) throw new Error('the QR code cannot be read from the screen');
  return found.data;
}
