// A department's SOAP server on node-soap: department_server.js CALLS. Prints its address; appends each call as it was understood to the
// file CALLS. /document11, /document12 and /rpc by wsdl/department.wsdl; what is answered depends on `information`.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { createRequire } = require('node:module');
// Packages are installed beside the build output, so that the repository stays free of them.
const load = createRequire(path.join(process.env.TONGBAN_NODE_PEERS, 'package.json'));
const soap = load('soap');
const sax = load('sax');

const [calls] = process.argv.slice(2);
const wsdl = fs.readFileSync(path.join(__dirname, '../wsdl/department.wsdl'), 'utf8');
const ACTION = 'http://department.example/receive#receiveApplication';
const IDENTIFY = 'peer-identify';
const busy = new Set();

// An empty element is `null` or an object without anything to node-soap, and a text with attributes an object.
const text = (value) => (value === null || value === undefined ? '' : typeof value === 'object' ? (value.$value ?? '') : String(value));

function inside(document) {
  const fields = {};
  let name = null;
  const parser = sax.parser(true, {});
  parser.onerror = (error) => { throw error; };
  parser.onopentag = (tag) => { if (tag.name === 'Field') { name = tag.attributes.name; fields[name] = ''; } };
  parser.ontext = (content) => { if (name !== null) fields[name] += content; };
  parser.onclosetag = () => { name = null; };
  parser.write(document).close();
  return fields;
}

function fault(twelve, sender, reason, detail, subcode) {
  if (!twelve) {
    return { Fault: { faultcode: `soap:${sender ? 'Client' : 'Server'}${subcode ? '.' + subcode : ''}`, faultstring: reason, detail, statusCode: 500 } };
  }
  const Code = { Value: `soap:${sender ? 'Sender' : 'Receiver'}` };
  if (subcode) Code.Subcode = { Value: subcode };
  return { Fault: { Code, Reason: { Text: reason }, Detail: detail, statusCode: sender ? 400 : 500 } };
}

function receiveApplication(twelve) {
  return (request, _answer, _headers, call) => {
    const values = Object.fromEntries(Object.entries(request ?? {}).filter(([name]) => name !== 'attributes').map(([name, value]) => [name, text(value)]));
    const record = { path: call.url, content_type: call.headers['content-type'], action: call.headers.soapaction ?? null, inside: inside(values.document), ...values };
    fs.appendFileSync(calls, JSON.stringify(record) + '\n');
    if (!twelve && call.headers.soapaction !== `"${ACTION}"`) throw fault(twelve, true, 'SOAPAction 缺失或不符');
    if (values.identify !== IDENTIFY) return { receiveApplicationReturn: { code: '4', desc: '身份标识错误' } };
    switch (values.information) {
      case 'refuse':
        return { receiveApplicationReturn: { code: '2', desc: '材料不全：<缺少>身份证明 & 附件' } };
      case 'sender fault':
        throw fault(twelve, true, '业务校验失败：“项目” <名称> & 编号', { BusinessError: { code: 'E1001', text: '项目名称重复' } }, 'BadProject');
      case 'business fault':
        throw fault(twelve, false, 'InvocationTargetException', { BusinessError: { code: 'E2001', text: '该事项不由本部门办理' } });
      case 'receiver fault once':
        if (!busy.has(values.caseNo)) {
          busy.add(values.caseNo);
          throw fault(twelve, false, '系统忙，请稍后再试');
        }
    }
    return { receiveApplicationReturn: { code: '0', desc: 'ok', number: 'SP' + values.caseNo.slice(-8) } };
  };
}

const server = http.createServer((_request, response) => { response.statusCode = 404; response.end(); });
server.listen(0, '127.0.0.1', () => {
  const ports = (twelve) => {
    const port = { receiveApplication: receiveApplication(twelve) };
    return { Department: { Document11: port, Document12: port, Rpc11: port } };
  };
  const listen = (path, twelve) => soap.listen(server, { path, xml: wsdl, services: ports(twelve), forceSoap12Headers: twelve });
  listen('/document11', false);
  listen('/document12', true);
  listen('/rpc', false);
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
