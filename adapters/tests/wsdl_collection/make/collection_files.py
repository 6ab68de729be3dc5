"""Where the collection lies, and how a maker puts a service into it."""

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
ABOUT = ROOT / "make" / "about.json"


def put(name, files, stack, origin, special, main="service.wsdl", folder=None, locations=None):
    """Writes one service: its files (name to text or bytes) and what is said of it in about.json.

    origin is "generated" (the stack itself wrote the WSDL) or "written" (by us, in the stack's idiom). locations says which file an
    address that the documents name stands for, where the file's name does not say it.
    """
    base = (folder or ROOT) / name
    for path, content in files.items():
        target = base / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            target.write_bytes(content.encode("utf-8"))
    about = json.loads(ABOUT.read_text("utf-8")) if ABOUT.exists() else {}
    about[name] = {"stack": stack, "origin": origin, "special": special, "main": main}
    if folder is not None:
        about[name]["folder"] = folder.name
    if locations:
        about[name]["locations"] = locations
    ABOUT.write_text(json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
