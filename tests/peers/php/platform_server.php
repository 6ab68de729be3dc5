<?php
// A city platform's SOAP server on PHP's ext-soap, as a router of `php -S`; appends each call as it was understood to the file PEER_CALLS.
// /encoded and /literal by their WSDL (rpc), /uri without one; /literal-gbk has GBK as its inner character set.
declare(strict_types=1);

const SPACE = 'http://platform.example/focus';
const IDENTIFY = 'peer-identify';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$gbk = str_ends_with($path, '-gbk');
ini_set('soap.wsdl_cache_enabled', '0');

// What the handler sees is in the server's inner character set, and what it returns has to be.
function here(string $text): string { return $GLOBALS['gbk'] ? iconv('UTF-8', 'GBK', $text) : $text; }
function plain(string $text): string { return $GLOBALS['gbk'] ? iconv('GB18030', 'UTF-8', $text) : $text; }

// Objects: an associative array goes out as a list of key and value where no WSDL says otherwise.
function result(string $code, string $desc, array $reasons = []): object {
    return (object) ['code' => $code, 'desc' => here($desc), 'reasonList' => (object) ['reason' => array_map('here', $reasons)]];
}

function business(string $code, string $text): object {
    return (object) ['BusinessError' => (object) ['code' => $code, 'text' => here($text)]];
}

function inside(string $xml): array {
    $document = new DOMDocument();
    if (!$document->loadXML($xml, LIBXML_NONET)) {
        throw new SoapFault('Client', here('内层报文不是 XML'));
    }
    $fields = [];
    foreach ($document->getElementsByTagName('Field') as $field) {
        $fields[$field->getAttribute('FieldName')] = $field->textContent;
    }
    return $fields;
}

function setDataXmlToFocus($deptCode, $xml, $tableName, $identify) {
    $fields = inside($xml);
    $record = [
        'path' => $GLOBALS['path'], 'content_type' => $_SERVER['CONTENT_TYPE'] ?? '', 'action' => $_SERVER['HTTP_SOAPACTION'] ?? null,
        'deptCode' => $deptCode, 'tableName' => $tableName, 'identify' => $identify, 'xml' => plain($xml), 'inside' => $fields,
    ];
    file_put_contents(getenv('PEER_CALLS'), json_encode($record, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR) . "\n", FILE_APPEND | LOCK_EX);
    if ($identify !== IDENTIFY) {
        return result('4', '身份标识错误');
    }
    switch ($fields['information'] ?? '') {
        case 'refuse':
            return result('2', '材料不全', ['<缺少>身份证明 & 附件', '签字']);
        case 'sender fault':
            throw new SoapFault('Client', here('业务校验失败：“项目” <名称> & 编号'), null, business('E1001', '项目名称重复'));
        case 'business fault':
            throw new SoapFault('Server', 'InvocationTargetException', null, business('E2001', '该事项不由本部门办理'));
        case 'receiver fault once':
            $mark = getenv('PEER_CALLS') . '.' . md5($fields['SBLSH']);
            if (!file_exists($mark)) {
                touch($mark);
                throw new SoapFault('Server', here('系统忙，请稍后再试'));
            }
    }
    return result('0', 'ok');
}

$options = ['cache_wsdl' => WSDL_CACHE_NONE];
if ($gbk) {
    $options['encoding'] = 'GBK';
}
$wsdls = ['/encoded' => 'platform-encoded.wsdl', '/literal' => 'platform-literal.wsdl', '/literal-gbk' => 'platform-literal.wsdl'];
$server = isset($wsdls[$path])
    ? new SoapServer(__DIR__ . '/../wsdl/' . $wsdls[$path], $options)
    : new SoapServer(null, $options + ['uri' => SPACE]);
$server->addFunction('setDataXmlToFocus');
$server->handle();
