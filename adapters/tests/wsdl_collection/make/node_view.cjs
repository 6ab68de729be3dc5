// What node-soap makes of each service that about.json (on standard input) lists: {name: {loads, operations | error}}.
// argv: the folder of the collection, a node_modules with soap. No address is fetched.
const path = require('path');
const [root, modules] = process.argv.slice(2);
const soap = require(path.join(modules, 'soap'));
const refuse = { request(address, data, callback) { callback(new Error('not fetched: ' + address)); } };
async function main(about) {
  const result = {};
  for (const [name, said] of Object.entries(about)) {
    if (said.folder) continue;
    try {
      const client = await Promise.race([
        soap.createClientAsync(path.join(root, name, said.main), { httpClient: refuse, disableCache: true }),
        new Promise((_, reject) => setTimeout(() => reject(new Error('no end within five seconds')), 5000).unref()),
      ]);
      const operations = {};
      for (const ports of Object.values(client.describe())) for (const [port, methods] of Object.entries(ports)) operations[port] = Object.keys(methods).sort();
      result[name] = { loads: true, operations };
    } catch (error) {
      result[name] = { loads: false, error: String(error.message || error).replaceAll(path.join(root, name), '.').slice(0, 200) };
    }
  }
  console.log(JSON.stringify(result));
}
let text = '';
process.stdin.on('data', (piece) => (text += piece)).on('end', () => main(JSON.parse(text)));
