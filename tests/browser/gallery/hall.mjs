// A hall for the pictures: a gateway with the repository's `config/`, a department that corrects and grants, and a city platform
// that reports nothing but what is ordered, so that a case can be brought into every state. All of it goes with `close`.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { root } from '../libraries.mjs';

const BINARY = process.env.TONGBAN_BINARY ?? path.join(root, 'target/debug/tongban');
/** No start takes longer, in milliseconds. */
const START_MAX = 60_000;
const CREDENTIALS = { rest: 'gallery-rest-key', soap: 'gallery-soap-identify' };

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the binary and waits until it has printed what is looked for. */
function start(parameters, environment, wanted) {
  const child = spawn(BINARY, parameters, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const ready = new Promise((resolve, refuse) => {
    const late = setTimeout(() => refuse(new Error(`nothing like ${wanted} from ${parameters[0]}:\n${printed}`)), START_MAX);
    const read = (chunk) => {
      printed += chunk;
      const found = printed.match(wanted);
      if (found) {
        clearTimeout(late);
        resolve(found);
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => refuse(new Error(`${parameters[0]} ended with ${code}:\n${printed}`)));
  });
  return ready.then((found) => ({ child, found }));
}

async function stop(child) {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const bound = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(bound);
}

export class Hall {
  static async open({ pace = '150ms' } = {}) {
    const hall = new Hall();
    hall.children = [];
    hall.folder = await mkdtemp(path.join(os.tmpdir(), 'tongban-gallery-'));
    const exchange = `127.0.0.1:${await freePort()}`;
    hall.partners = {
      rest: await hall.#partner('rest', 'gd-explosives', exchange, ['--pace', pace]),
      soap: await hall.#partner('soap', 'zhuhai-platform', exchange, ['--pace', '50ms', '--scenario', 'silent']),
    };
    const environment = {
      GD_EXPLOSIVES_ENDPOINT: hall.partners.rest,
      ZHUHAI_PLATFORM_ENDPOINT: hall.partners.soap,
      GD_EXPLOSIVES_CALLBACK_KEY: CREDENTIALS.rest,
      ZHUHAI_PLATFORM_IDENTIFY: CREDENTIALS.soap,
    };
    const config = path.join(hall.folder, 'tongban.yaml');
    await writeFile(config, settings(path.join(hall.folder, 'data'), exchange));
    const applied = spawnSync(BINARY, ['apply', 'config', '--config', config], { cwd: root, env: { ...process.env, ...environment } });
    if (applied.status !== 0) throw new Error(`apply: ${applied.stdout}${applied.stderr}`);
    const { child, found } = await start(['serve', '--config', config], environment, /^public\s+http:\/\/(\S+)[\s\S]*^operations\s+http/m);
    hall.children.unshift(child);
    hall.address = `http://${found[1]}`;
    return hall;
  }

  async #partner(kind, system, exchange, more) {
    const callback = `http://${exchange}/exchange/v1/systems/${system}/`;
    const parameters = ['simulate', kind, '--listen', '127.0.0.1:0', '--callback', callback, '--credential', CREDENTIALS[kind], ...more];
    const { child, found } = await start(parameters, {}, /on (http:\/\/[\d.:]+)/);
    this.children.push(child);
    return found[1];
  }

  /** A call of the public interface; the answer's JSON. */
  async call(method, where, body, headers = {}) {
    const raw = body instanceof Uint8Array;
    const response = await fetch(`${this.address}/api/v1${where}`, {
      method,
      headers: { ...(raw || body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: raw || body === undefined ? body : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  async upload(file) {
    const headers = { 'content-type': file.mimeType, 'x-file-name': encodeURIComponent(file.name) };
    return (await this.call('POST', '/materials', new Uint8Array(file.buffer), headers)).id;
  }

  /** Submits; number and query code. */
  async submit(body, files) {
    const materials = [];
    for (const [seq, file] of files) materials.push({ seq, id: await this.upload(file) });
    const taken = await this.call('POST', '/applications', { ...body, materials });
    return { no: taken.application_no, code: taken.query_code };
  }

  /** What the applicant sees of a case. */
  show({ no, code }) {
    return this.call('GET', `/applications/${no}`, undefined, { 'x-query-code': code });
  }

  act({ no, code }, what, body) {
    return this.call('POST', `/applications/${no}/${what}`, body, { 'x-query-code': code });
  }

  /** Waits until a case is as wanted. */
  async until(taken, what, wanted) {
    const begun = performance.now();
    for (;;) {
      const shown = await this.show(taken);
      if (wanted(shown)) return shown;
      if (performance.now() - begun > 60_000) throw new Error(`${taken.no} is not ${what}: ${JSON.stringify(shown)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Lets the city platform report something. */
  async report({ no }, message, fields = {}) {
    const response = await fetch(`${this.partners.soap}/_control/event`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ number: no, message, fields }),
    });
    const said = await response.json();
    if (!response.ok || !said.taken) throw new Error(`${message}: ${JSON.stringify(said)}`);
  }

  async close() {
    for (const child of this.children) await stop(child);
    await rm(this.folder, { recursive: true, force: true });
  }
}

function settings(data, exchange) {
  return `schema: tongban/config/1
data: ${data}
cores: 1
listeners:
  public: { address: "127.0.0.1:0" }
  exchange: { address: "${exchange}" }
  operations: { address: "127.0.0.1:0", operators_from: [127.0.0.0/8] }
delivery: { tick: 50ms }
outbound: { allow: [127.0.0.0/8] }
log: { format: json, filter: warn }
`;
}
