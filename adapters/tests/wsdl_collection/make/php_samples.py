"""Keeps what php_samples.php prints as samples, with JSON beside."""

import base64
import json
import pathlib
import subprocess

from collection_files import ABOUT, ROOT
from envelope_json import write_sample
from zeep_view import client

if __name__ == "__main__":
    about = json.loads(ABOUT.read_text("utf-8"))
    printed = subprocess.run(["php", str(pathlib.Path(__file__).parent / "php_samples.php"), str(ROOT)], capture_output=True, text=True, check=True).stdout
    for name, operations in json.loads(printed).items():
        made = client(ROOT / name, about[name]["main"], about[name].get("locations"))
        for operation, pair in operations.items():
            for direction, text in zip(("request", "response"), pair):
                write_sample(made, name, operation, direction, base64.b64decode(text), "php")
    print(sum(2 * len(operations) for operations in json.loads(printed).values()), "samples by PHP")
