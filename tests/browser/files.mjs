// What an applicant has at hand: photographs as a phone takes them, a PDF as an office prints it. Made by the browser itself, so that
// every byte of them is of the format that the name says.

function drawing(words, hue) {
  return `<!doctype html><meta charset="utf-8"><body style="margin:0;height:100vh;font:48px sans-serif;display:grid;place-items:center;
    background:repeating-conic-gradient(hsl(${hue} 40% 80%) 0 12deg,hsl(${hue} 30% 92%) 0 24deg)"><p>${words}</p>`;
}

async function drawn(browser, words, hue, take) {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1200 } });
  try {
    await page.setContent(drawing(words, hue));
    return await take(page);
  } finally {
    await page.close();
  }
}

/** A photograph (JPEG). */
export async function photograph(browser, name, hue = 30) {
  const buffer = await drawn(browser, name, hue, (page) => page.screenshot({ type: 'jpeg', quality: 92 }));
  return { name: `${name}.jpg`, mimeType: 'image/jpeg', buffer };
}

/** A picture of a screen (PNG). */
export async function picture(browser, name, hue = 200) {
  const buffer = await drawn(browser, name, hue, (page) => page.screenshot({ type: 'png' }));
  return { name: `${name}.png`, mimeType: 'image/png', buffer };
}

/** A document (PDF). */
export async function paper(browser, name) {
  const buffer = await drawn(browser, name, 0, (page) => page.pdf({ format: 'A4' }));
  return { name: `${name}.pdf`, mimeType: 'application/pdf', buffer };
}
