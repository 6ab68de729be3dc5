"""Writes collection.json from the folders, about.json and what the peers make of each service."""

import json
import pathlib
import subprocess

from collection_files import ABOUT, ROOT
from read_wsdl import services
from zeep_view import view


def php_view():
    """PHP's SoapClient on every service: {name: number of functions or an error}."""
    result = subprocess.run(["php", str(pathlib.Path(__file__).parent / "php_view.php"), str(ROOT)], input=ABOUT.read_text("utf-8"), capture_output=True, text=True, check=False)
    return json.loads(result.stdout)


def main():
    about = json.loads(ABOUT.read_text("utf-8"))
    php = php_view()
    collection, refused = {}, {}
    for name, said in sorted(about.items()):
        folder = ROOT / said.get("folder", ".") / name
        entry = {key: said[key] for key in ("stack", "origin", "special", "main")}
        if "locations" in said:
            entry["locations"] = said["locations"]
        zeep = view(folder, said["main"], said.get("locations"))
        if "folder" in said:
            refused[name] = {**entry, "wrong": said["special"][0], "zeep": {k: v for k, v in zeep.items() if k != "operations"}}
            del refused[name]["special"]
            continue
        entry["services"] = services(folder, said["main"], said.get("locations"))
        entry["soap"] = sorted({p["protocol"][5:] for s in entry["services"] for p in s["ports"] if p["protocol"].startswith("SOAP")})
        samples = folder / "samples"
        if samples.is_dir():
            entry["samples"] = sorted(p.name[:-4] for p in samples.glob("*.xml"))
        entry["zeep"] = zeep
        entry["php"] = php[name]
        collection[name] = entry
    text = json.dumps({"services": collection, "refused": refused}, ensure_ascii=False, indent=1)
    (ROOT / "collection.json").write_text(text + "\n", "utf-8")
    return collection, refused


if __name__ == "__main__":
    taken, named = main()
    print(len(taken), "services,", len(named), "to be refused")
