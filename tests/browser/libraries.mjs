// What the tests take from the registry, out of the folder that `install` fills: nothing of it lies in the source tree.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');
export const folder = process.env.TONGBAN_BROWSER ?? path.join(root, 'target/browser');

const require = createRequire(pathToFileURL(path.join(folder, 'package.json')));

export const { chromium } = require('playwright-core');
export const axe = require('axe-core').source;
export const readQr = require('jsqr');
export const { PNG } = require('pngjs');
