// Verifies a receipt with its inclusion proof by WebCrypto alone. Nothing is sent anywhere; the page's policy forbids it.
'use strict';

// What is said: Chinese, English.
const TEXTS = {
  holds_sealed: ['回执有效，记录已经封存。', 'The receipt holds, and its record is sealed.'],
  holds: ['回执有效，但文件里还没有封存证明。提交几秒后重新下载回执即可。', 'The receipt holds, but the file has no proof of sealing yet. Download the receipt again some seconds after submitting.'],
  not_a_receipt: ['这不是本大厅的回执文件。', 'This is no receipt file of this hall.'],
  unknown_key: ['签名用的不是本页所带的公钥：可能是其他大厅的回执，或者本页太旧。', 'It is signed with another key than this page has: a receipt of another hall, or this page is too old.'],
  receipt_signature: ['回执无效：签名不符，内容被改动过。', 'The receipt does not hold: its signature is wrong, something was changed.'],
  clear_differs: ['文件无效：明文与签名的内容不一致。', 'The file does not hold: what stands in clear is not what is signed.'],
  root_signature: ['封存证明无效：批次的签名不符。', 'The proof of sealing does not hold: the signature of the batch is wrong.'],
  other_record: ['封存证明无效：其中的记录不属于这次申请。', 'The proof of sealing does not hold: its record is not of this application.'],
  path: ['封存证明无效：记录不在所签名的批次里。', 'The proof of sealing does not hold: the record is not in the signed batch.'],
  no_crypto: ['浏览器只在 https 页面或保存到本机的页面上提供签名计算。请保存本页后打开保存的文件。', 'Browsers compute signatures only on https pages and on saved ones. Save this page and open the saved file.'],
  no_ed25519: ['这个浏览器还不能验证 Ed25519 签名。请用 Chrome 137、Firefox 129、Safari 17 或更新的版本，或者用命令 tongban audit verify --receipt。', 'This browser cannot verify Ed25519 signatures yet. Use Chrome 137, Firefox 129, Safari 17 or newer, or the command tongban audit verify --receipt.'],
  application: ['申请编号', 'Application'],
  submitted: ['提交时间', 'Submitted'],
  sealed: ['封存时间', 'Sealed since'],
  batch: ['批次', 'Batch'],
};

class Fault extends Error {}

const utf8 = new TextEncoder();

function bytes(base64url) {
  if (!/^[A-Za-z0-9_-]*$/.test(base64url)) throw new Fault('not_a_receipt');
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault('not_a_receipt');
  }
}

async function published(set) {
  const keys = new Map();
  for (const { kid, x } of set.keys) {
    try {
      keys.set(kid, await crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x }, { name: 'Ed25519' }, false, ['verify']));
    } catch {
      throw new Fault('no_ed25519');
    }
  }
  return keys;
}

/** The payload of a compact JWS of this type (RFC 7515), or the fault that this part is known by. */
async function opened(jws, type, keys, fault) {
  const parts = String(jws).trim().split('.');
  if (parts.length !== 3) throw new Fault('not_a_receipt');
  const decode = (part) => new TextDecoder().decode(bytes(part));
  const head = parsed(decode(parts[0]));
  if (head.alg !== 'EdDSA' || head.typ !== type) throw new Fault('not_a_receipt');
  const key = keys.get(head.kid);
  if (!key) throw new Fault('unknown_key');
  const signed = utf8.encode(`${parts[0]}.${parts[1]}`);
  if (!(await crypto.subtle.verify('Ed25519', key, bytes(parts[2]), signed))) throw new Fault(fault);
  return parsed(decode(parts[1]));
}

async function sha256(...parts) {
  const all = new Uint8Array(await new Blob(parts).arrayBuffer());
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

const hex = (hash) => Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');

function hash(text) {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Fault('path');
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

/** Where a path leads (RFC 9162, section 2.1.3.2). */
async function climbed(record, position, leaves, path) {
  if (!Number.isSafeInteger(position) || !Number.isSafeInteger(leaves) || position >= leaves || path.length > 64) throw new Fault('path');
  let reached = await sha256(Uint8Array.of(0), utf8.encode(record));
  let [at, last] = [position, leaves - 1];
  const up = () => {
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  };
  for (const step of path) {
    if (last === 0) throw new Fault('path');
    if (at % 2 === 1 || at === last) {
      reached = await sha256(Uint8Array.of(1), hash(step), reached);
      while (at % 2 === 0 && at !== 0) up();
    } else {
      reached = await sha256(Uint8Array.of(1), reached, hash(step));
    }
    up();
  }
  if (last !== 0) throw new Fault('path');
  return hex(reached);
}

function same(one, other) {
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return one === other;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => same(one[name], other[name]));
}

/** What a receipt file promises and since when it is sealed; throws a Fault. */
async function verify(text, set) {
  if (!globalThis.crypto?.subtle) throw new Fault('no_crypto');
  const keys = await published(set);
  const file = text.trim().startsWith('{') ? parsed(text) : { receipt: text };
  const promise = await opened(file.receipt, 'tongban-receipt+jwt', keys, 'receipt_signature');
  if (file.promise !== undefined && !same(file.promise, promise)) throw new Fault('clear_differs');
  const proof = file.inclusion_proof;
  if (!proof) return { promise };
  const root = await opened(proof.statement, 'tongban-audit-root+jwt', keys, 'root_signature');
  if (!same(proof.root, root)) throw new Fault('clear_differs');
  const record = parsed(proof.record);
  const ours = record.type === 'tongban/audit-record/1' && record.action === 'application.submit' && record.outcome === 'ok';
  if (!ours || record.target !== promise.application_no) throw new Fault('other_record');
  if ((await climbed(proof.record, proof.position, root.leaves, proof.path)) !== root.root) throw new Fault('path');
  return { promise, root };
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A text in both languages. */
function both(name, [zh, en]) {
  const made = element(name);
  made.append(element('span', zh, { lang: 'zh-CN' }), ' ', element('span', en, { lang: 'en' }));
  return made;
}

/** An instant on the clocks of the hall. */
function moment(text) {
  const at = new Date(text);
  return `${at.toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai' })} (UTC+8)`;
}

function tell(kind, text, facts = []) {
  const box = element('div', '', { class: `result ${kind}` });
  const verdict = both('p', TEXTS[text]);
  verdict.className = 'verdict';
  box.append(verdict);
  const list = element('dl');
  for (const [name, value] of facts) list.append(both('dt', TEXTS[name]), element('dd', value));
  if (facts.length > 0) box.append(list);
  const result = document.getElementById('result');
  result.dataset.outcome = text;
  result.replaceChildren(box);
}

async function check(text) {
  try {
    const { promise, root } = await verify(text, JSON.parse(document.getElementById('keys').textContent));
    const facts = [['application', promise.application_no], ['submitted', moment(promise.submitted_at)]];
    if (!root) return tell('warn', 'holds', facts);
    facts.push(['sealed', moment(root.sealed_at)], ['batch', String(root.batch)]);
    return tell('good', 'holds_sealed', facts);
  } catch (error) {
    const known = error instanceof Fault ? error.message : 'not_a_receipt';
    return tell(known.startsWith('no_') ? 'warn' : 'bad', known);
  }
}

if (globalThis.document) {
  document.getElementById('file').addEventListener('change', async ({ target }) => {
    const [file] = target.files;
    if (file) await check(await file.text());
  });
  document.getElementById('check').addEventListener('click', () => check(document.getElementById('text').value));
  // A saved page has no hall behind it.
  if (location.protocol === 'file:') document.getElementById('save').remove();
}
