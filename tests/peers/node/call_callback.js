// Calls our callback with node-soap, as a city platform would: call_callback.js WSDL REPORT UNKNOWN IDENTIFY VERSION.
// REPORT and UNKNOWN are files with the inner document. Prints one JSON object for each call.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const soap = createRequire(path.join(process.env.TONGBAN_NODE_PEERS, 'package.json'))('soap');

const [wsdl, report, unknown, identify, version] = process.argv.slice(2);
const text = (value) => (value === null || value === undefined ? '' : typeof value === 'object' ? (value.$value ?? '') : String(value));

async function main() {
  const twelve = version === '1.2';
  const client = await soap.createClientAsync(wsdl, { forceSoap12Headers: twelve, disableCache: true });
  const ports = Object.keys(client.describe().Callback);
  const port = client.Callback[ports.find((name) => name.endsWith('12') === twelve) ?? ports[0]];
  const call = (name, file, credential) => new Promise((resolve) => {
    const request = { deptCode: '006988574', xml: fs.readFileSync(file, 'utf8'), tableName: 'EX_GDBS_WSYSL', identify: credential };
    port.setDataXmlToFocus(request, (error, result, raw) => {
      let said;
      const fault = error?.root?.Envelope?.Body?.Fault;
      if (fault) {
        said = { fault: text(fault.faultcode ?? fault.Code?.Value), reason: text(fault.faultstring ?? fault.Reason?.Text) };
      } else if (error) {
        said = { error: String(error), raw };
      } else {
        const answer = result.setDataXmlToFocusReturn;
        const reasons = answer.reasonList?.reason ?? [];
        said = { code: text(answer.code), desc: text(answer.desc), reasons: [].concat(reasons).map(text) };
      }
      console.log(JSON.stringify({ call: name, ...said }));
      resolve();
    });
  });
  await call('wrong', report, identify + 'x');
  await call('right', report, identify);
  await call('again', report, identify);
  await call('unknown', unknown, identify);
  client.addSoapHeader('<p:Demand xmlns:p="urn:peer" soap:mustUnderstand="1"/>');
  await call('fault', report, identify);
}

main().catch((error) => { console.error(error); process.exit(1); });
