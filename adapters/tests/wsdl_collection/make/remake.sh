#!/bin/sh
# Makes the whole collection anew: remake.sh PYTHON [NODE_MODULES], a Python 3.11 with requirements.txt and a node_modules with soap
# (without it, node-soap's verdicts stay as they are). Needs soapcpp2 (gSOAP 2.8) and php with ext-soap.
set -eu
python=$1
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
# spyne writes schemas in the order of a set: the seed keeps it the same.
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
find .. -mindepth 1 -maxdepth 1 -type d ! -name make -exec rm -r {} +
rm -f about.json
for maker in spyne_services gsoap_services python_services idiom_services feature_services vendor_services refused_services samples php_samples hand_samples; do
    "$python" "$maker.py"
done
"$python" describe.py ${2+"$2"}
"$python" verify.py
