<?php
// Envelopes that PHP's SoapClient sends and its SoapServer answers, for services in rpc/encoded with arrays.
// argv[1] is the collection. Prints {service: {operation: [request, response]}}, both in base64.
final class Keeper extends SoapClient
{
    public string $sent = '';

    public function __doRequest(string $request, string $location, string $action, int $version, bool $oneWay = false): ?string
    {
        $this->sent = $request;
        return '';
    }
}

final class Answer
{
    public function __construct(private mixed $value)
    {
    }

    public function __call(string $name, array $arguments): mixed
    {
        return $this->value;
    }
}

libxml_set_external_entity_loader(function ($public, $system, $context) {
    return preg_match('#^https?:#', $system) ? null : $system;
});
$sblsh = '10131300500698857411409161687';
$sxbm = '10131300500698857413440400';
$officer = ['name' => '李四', 'post' => '科员'];
$step = fn (int $code, string $name) => ['code' => $code, 'name' => $name, 'at' => '2014-09-19T14:10:10', 'officer' => $officer];
$person = ['Name' => '张三', 'IdNumber' => '11010519491231002X'];
$ticket = ['PDH' => 'A007', 'Window' => 3, 'At' => '2026-03-02T09:30:00', 'Served' => false];
$case = ['sblsh' => $sblsh, 'applicant' => ['name' => '张三', 'idNumber' => '11010519491231002X', 'phone' => '13800000000'], 'materials' => [['name' => '身份证复印件', 'copies' => 1], ['name' => '申请表', 'copies' => 2]]];
$licence = ['number' => '粤食药许0001', 'holder' => '珠海市某某有限公司', 'pages' => 2, 'tags' => ['食品', '经营']];
$table = [
    'axis1_arrays_and_faults' => ['listSteps' => [[$sblsh, '2014-01-01T00:00:00'], [$step(1, '承办'), $step(3, '批准')]], 'listOfficers' => [[['440400', '440300']], [$officer]]],
    'axis1_focus' => ['setDataXmlToFocus' => [['006988574', '<ExInfo><standardInfo process="EX_GDBS_SL"><Field FieldName="SLZTDM">1</Field></standardInfo></ExInfo>', 'EX_GDBS_SL', 'not-a-secret'], ['code' => 0, 'desc' => '成功', 'reasonList' => ['缺少文件列表', '无']]]],
    'delphi_scanner' => ['Scan' => [[$sblsh, 2, '%PDF-1.4'], true], 'Names' => [[$sblsh], ['a.pdf', '申请表.jpg']]],
    'delphi_window' => ['TakeTicket' => [[$person, $sxbm], $ticket], 'Waiting' => [[3], [$ticket, $ticket]]],
    'gsoap_rpc_encoded' => ['listRegions' => [[['440000']], ['440400', '440300']]],
    'nusoap_hall' => ['submitCase' => [[$case, 'not-a-secret'], $sblsh], 'listCases' => [['440400', 1], [$case]]],
    'ladon_strings_rpc' => ['count' => [[['440400', '440300']], 12]],
    'perl_soap_lite' => ['next_ticket' => [['3号窗口'], 'A008'], 'waiting' => [[], 4]],
    'powerbuilder_component' => ['of_save' => [['<doc/>', 1], ['return' => 1, 'as_xml' => '<doc id="1"/>', 'ai_kind' => 2]], 'of_retrieve' => [[$sblsh], ['columns' => ['SBLSH', 'SLZTDM'], 'rows' => 'abc']]],
    'soap12_encoded' => ['chain' => [['粤食药许0002'], ['number' => '粤食药许0002', 'previous' => ['number' => '粤食药许0001', 'previous' => null]]], 'all' => [['440400'], ['item' => [['number' => '粤食药许0001', 'previous' => null]]]]],
    'php_encoded' => ['getCases' => [['440400'], [['sblsh' => $sblsh, 'status' => 1, 'note' => '已受理'], ['sblsh' => $sblsh, 'status' => 2]]], 'putCase' => [[['sblsh' => $sblsh, 'status' => 1, 'note' => '无']], true]],
    'ruby_action_web_service' => ['FindTodos' => [['李四', ['受理', '补正']], [['id' => 1, 'title' => '审核', 'done' => false]]]],
    'zend_literal' => ['rename' => [['粤食药许0001', '李四'], null]],
    'zend_encoded' => ['find' => [['粤食药许0001'], $licence], 'search' => [[['食品', '经营'], 5], [$licence]]],
];
$result = [];
foreach ($table as $name => $operations) {
    $address = "$argv[1]/$name/service.wsdl";
    foreach ($operations as $operation => [$arguments, $value]) {
        $version = $name === 'soap12_encoded' ? SOAP_1_2 : SOAP_1_1;
        $client = new Keeper($address, ['cache_wsdl' => WSDL_CACHE_NONE, 'soap_version' => $version]);
        try {
            $client->__soapCall($operation, $arguments);
        } catch (SoapFault $fault) {
            // The empty answer is one; what counts is what was sent.
        }
        $server = new SoapServer($address, ['cache_wsdl' => WSDL_CACHE_NONE, 'soap_version' => $version]);
        $server->setObject(new Answer($value));
        ob_start();
        $server->handle($client->sent);
        $result[$name][$operation] = [base64_encode($client->sent), base64_encode(ob_get_clean())];
    }
}
echo json_encode($result);
