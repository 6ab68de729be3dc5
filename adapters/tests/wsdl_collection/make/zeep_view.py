"""What zeep makes of a service: whether it loads, and what it lists. Nothing is fetched: a few well-known schemas come from well_known/."""

import logging
import pathlib
import posixpath
import re
import warnings

from zeep import Client, Settings
from zeep.transports import Transport

logging.disable(logging.CRITICAL)
KNOWN = pathlib.Path(__file__).parent / "well_known"
WELL_KNOWN = {
    "http://schemas.xmlsoap.org/soap/encoding/": "soap-encoding.xsd",
    "https://www.w3.org/2004/08/xop/include": "xop-include.xsd",
    "https://www.w3.org/2001/xml.xsd": "xml.xsd",
    "http://www.w3.org/2001/xml.xsd": "xml.xsd",
}


class Folder(Transport):
    """Answers addresses from the service's folder by its locations, and no others."""

    def __init__(self, folder, locations):
        super().__init__()
        self.folder, self.locations = pathlib.Path(folder), locations or {}

    def load(self, url):
        if url in WELL_KNOWN:
            return (KNOWN / WELL_KNOWN[url]).read_bytes()
        for location, file in self.locations.items():
            if url == location or posixpath.basename(url) == location:
                return (self.folder / file).read_bytes()
        if "://" in url:
            raise OSError(f"not fetched: {url}")
        return pathlib.Path(url).read_bytes()


def client(folder, main, locations=None):
    return Client(str(pathlib.Path(folder) / main), transport=Folder(folder, locations), settings=Settings(strict=True))


def view(folder, main, locations=None):
    """{"loads": …, "operations": port to operations} or {"loads": false, "error": …}."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            made = client(folder, main, locations)
            ports = {}
            for service in made.wsdl.services.values():
                for name, port in service.ports.items():
                    ports[name] = sorted(port.binding._operations)
        except Exception as error:
            return {"loads": False, "error": re.sub(" at 0x[0-9a-f]+", "", f"{type(error).__name__}: {error}".replace(str(folder), "."))[:200]}
    said = {"loads": True, "operations": ports}
    words = sorted({str(w.message)[:200] for w in caught if issubclass(w.category, UserWarning)})
    if words:
        said["warnings"] = words
    return said
