<?php
// Calls our callback with PHP's SoapClient, as a city platform would: call_callback.php WSDL REPORT UNKNOWN IDENTIFY VERSION CHARSET MODE.
// REPORT and UNKNOWN are files with the inner document; MODE is wsdl, or uri for a client without one (rpc/encoded, typed parameters).
// Prints one JSON object for each call.
declare(strict_types=1);

[, $wsdl, $report, $unknown, $identify, $version, $charset, $mode] = $argv;
ini_set('soap.wsdl_cache_enabled', '0');

/** PHP writes UTF-8; whoever needs another set converts what goes out. */
class InCharset extends SoapClient {
    public string $charset = 'UTF-8';

    public function __doRequest(string $request, string $location, string $action, int $version, bool $oneWay = false): ?string {
        if ($this->charset !== 'UTF-8') {
            $request = iconv('UTF-8', $this->charset, str_replace('encoding="UTF-8"', "encoding=\"{$this->charset}\"", $request));
        }
        return parent::__doRequest($request, $location, $action, $version, $oneWay);
    }
}

$options = ['soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1, 'cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true];
if ($mode === 'uri') {
    $options += ['location' => strstr($wsdl, '?', true), 'uri' => 'http://platform.example/focus'];
}
$client = new InCharset($mode === 'uri' ? null : $wsdl, $options);
$client->charset = $charset;

function call(string $name, string $file, string $credential): void {
    global $client, $mode;
    $values = ['deptCode' => '006988574', 'xml' => file_get_contents($file), 'tableName' => 'EX_GDBS_WSYSL', 'identify' => $credential];
    try {
        if ($mode === 'uri') {
            $parameters = array_map(fn($name, $value) => new SoapParam($value, $name), array_keys($values), array_values($values));
            $answer = $client->__soapCall('setDataXmlToFocus', $parameters);
        } elseif ($mode === 'document') {
            $answer = $client->setDataXmlToFocus($values);
        } else {
            $answer = $client->setDataXmlToFocus(...array_values($values));
        }
        $answer = $answer->setDataXmlToFocusReturn ?? $answer;
        $reasons = is_object($answer->reasonList) ? (array) ($answer->reasonList->reason ?? []) : [];
        $said = ['code' => $answer->code, 'desc' => $answer->desc, 'reasons' => $reasons];
    } catch (SoapFault $fault) {
        $said = ['fault' => $fault->faultcode, 'reason' => $fault->getMessage()];
    }
    echo json_encode(['call' => $name] + $said, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
}

call('wrong', $report, $identify . 'x');
call('right', $report, $identify);
call('again', $report, $identify);
call('unknown', $unknown, $identify);
$client->__setSoapHeaders(new SoapHeader('urn:peer', 'Demand', 'x', true));
call('fault', $report, $identify);
