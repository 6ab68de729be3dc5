"""Writes collection.json from the folders, about.json and what the peers make of each service."""

import json
import pathlib
import subprocess
import sys

from collection_files import ABOUT, ROOT
from read_wsdl import services
from zeep_view import view


def php_view():
    """PHP's SoapClient on every service: {name: number of functions or an error}."""
    result = subprocess.run(["php", str(pathlib.Path(__file__).parent / "php_view.php"), str(ROOT)], input=ABOUT.read_text("utf-8"), capture_output=True, text=True, check=False)
    return json.loads(result.stdout)


def node_view(modules):
    """node-soap on every service, from a node_modules that has it; without one, what collection.json said before."""
    if modules is None:
        before = json.loads((ROOT / "collection.json").read_text("utf-8"))["services"] if (ROOT / "collection.json").exists() else {}
        return {name: entry["node_soap"] for name, entry in before.items() if "node_soap" in entry}
    result = subprocess.run(["node", str(pathlib.Path(__file__).parent / "node_view.cjs"), str(ROOT), modules], input=ABOUT.read_text("utf-8"), capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def main(modules=None):
    about = json.loads(ABOUT.read_text("utf-8"))
    php, node = php_view(), node_view(modules)
    collection, refused = {}, {}
    for name, said in sorted(about.items()):
        folder = ROOT / said.get("folder", ".") / name
        entry = {key: said[key] for key in ("stack", "origin", "special", "main")}
        if "locations" in said:
            entry["locations"] = said["locations"]
        zeep = view(folder, said["main"], said.get("locations"))
        if "folder" in said:
            refused[name] = {**entry, "wrong": said["special"][0], "warning_is_enough": "a warning is enough" in said["special"][0], "zeep": {k: v for k, v in zeep.items() if k != "operations"}}
            del refused[name]["special"]
            continue
        entry["services"] = services(folder, said["main"], said.get("locations"))
        entry["soap"] = sorted({p["protocol"][5:] for s in entry["services"] for p in s["ports"] if p["protocol"].startswith("SOAP")})
        samples = folder / "samples"
        if samples.is_dir():
            entry["samples"] = sorted(p.name[:-4] for p in samples.glob("*.xml"))
        entry["zeep"] = zeep
        entry["php"] = php[name]
        if name in node:
            entry["node_soap"] = node[name]
        collection[name] = entry
    text = json.dumps({"services": collection, "refused": refused}, ensure_ascii=False, indent=1)
    (ROOT / "collection.json").write_text(text + "\n", "utf-8")
    return collection, refused


if __name__ == "__main__":
    taken, named = main(*sys.argv[1:2])
    print(len(taken), "services,", len(named), "to be refused")
