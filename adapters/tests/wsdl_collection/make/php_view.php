<?php
// What PHP's SoapClient makes of each service that about.json (on standard input) lists: {name: {loads, functions | error}}. argv[1] is the collection.
libxml_set_external_entity_loader(function ($public, $system, $context) {
    return preg_match('#^https?:#', $system) ? null : $system;
});
$result = [];
foreach (json_decode(file_get_contents('php://stdin'), true) as $name => $about) {
    if (isset($about['folder'])) {
        continue;
    }
    try {
        $client = @new SoapClient("$argv[1]/$name/$about[main]", ['cache_wsdl' => WSDL_CACHE_NONE]);
        $functions = $client->__getFunctions();
        $result[$name] = ['loads' => true, 'functions' => $functions === null ? 0 : count(array_unique($functions))];
    } catch (Throwable $error) {
        $result[$name] = ['loads' => false, 'error' => substr(str_replace("$argv[1]/$name/", '', $error->getMessage()), 0, 200)];
    }
}
echo json_encode($result, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
