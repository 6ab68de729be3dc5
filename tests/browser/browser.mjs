// The browser: Debian's Chromium without a screen, a fresh profile a run, and the devices that pages are looked at with.

import { chromium } from './libraries.mjs';

/** No single wait of a test takes longer, in milliseconds. */
export const WAIT_MAX = 15_000;
/** No page takes longer to arrive. */
export const ARRIVAL_MAX = 20_000;
/** No journey takes longer. */
export const JOURNEY_MAX = 180_000;

export const LANGUAGES = { zh: 'zh-CN', en: 'en-GB' };

export const DEVICES = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 900 }, deviceScaleFactor: 1 },
};

// The browser speaks to loopback alone and updates nothing; a sandbox needs a user other than root.
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** Starts the browser, its own buttons in the reader's language; its profile is a fresh folder that goes with it. */
export async function open(language = 'zh') {
  return chromium.launch({
    env: { ...process.env, LANGUAGE: LANGUAGES[language].replace('-', '_') },
    executablePath: process.env.TONGBAN_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    chromiumSandbox: process.getuid?.() !== 0,
    args: FLAGS,
    timeout: 60_000,
  });
}

/** A person's device: cookies of its own, nothing shared with another. */
export async function device(browser, address, { kind, language, javaScript = true, scheme = 'light' }) {
  const context = await browser.newContext({
    ...DEVICES[kind],
    baseURL: address,
    locale: LANGUAGES[language],
    timezoneId: 'Asia/Shanghai',
    colorScheme: scheme,
    javaScriptEnabled: javaScript,
    acceptDownloads: true,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(WAIT_MAX);
  context.setDefaultNavigationTimeout(ARRIVAL_MAX);
  return context;
}
