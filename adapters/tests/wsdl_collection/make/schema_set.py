"""The schemas of a service, written out for libxml2: an element of a body can be validated by them."""

import pathlib
import posixpath
import shutil
import tempfile

from lxml import etree

from zeep_view import KNOWN, WELL_KNOWN

XS = "{http://www.w3.org/2001/XMLSchema}"
KNOWN_NAMESPACES = {
    "http://schemas.xmlsoap.org/soap/encoding/": "soap-encoding.xsd",
    "http://www.w3.org/2004/08/xop/include": "xop-include.xsd",
    "http://www.w3.org/XML/1998/namespace": "xml.xsd",
}


class SchemaSet:
    """libxml2's schema of all that the service's documents define, or None where it does not take them."""

    def __init__(self, folder, main, locations):
        self.locations = locations or {}
        with tempfile.TemporaryDirectory() as place:
            self.place = pathlib.Path(place)
            shutil.copytree(folder, self.place / "s", ignore=shutil.ignore_patterns("samples"))
            shutil.copytree(KNOWN, self.place / "known")
            self.schema = self.compile()

    def compile(self):
        """Every inline schema becomes a file beside its WSDL, imports without a location get that of the file of their namespace."""
        trees, inline, spaces = {}, {}, {}
        for path in sorted((self.place / "s").rglob("*")):
            if not path.is_file():
                continue
            root = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
            if root.tag == XS + "schema":
                trees[path] = root
                continue
            for number, schema in enumerate(root.iter(XS + "schema")):
                target = path.parent / f"{path.name}.{number}.xsd".replace("?", "-")
                trees[target] = etree.fromstring(etree.tostring(schema, with_tail=False, encoding="utf-8"))
                inline[target] = schema.get("targetNamespace")
        for path, root in trees.items():
            if root.get("targetNamespace"):
                spaces.setdefault(root.get("targetNamespace"), path)
        for path, root in trees.items():
            for node in list(root.iterchildren(XS + "import", XS + "include", XS + "redefine")):
                self.relocate(node, path, spaces, root)
            path.write_bytes(etree.tostring(root, encoding="utf-8"))
        driver = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:driver">' + "".join(
            f'<xs:import {"namespace=" + chr(34) + space + chr(34) + " " if space else ""}schemaLocation="{path.as_uri()}"/>' for path, space in inline.items() if not self.hollow(trees[path])
        ) + "".join(f'<xs:import namespace="{space}" schemaLocation="{path.as_uri()}"/>' for space, path in spaces.items() if path not in inline and space not in inline.values()) + "</xs:schema>"
        try:
            return etree.XMLSchema(etree.fromstring(driver))
        except etree.XMLSchemaParseError:
            return None

    @staticmethod
    def hollow(root):
        return not any(isinstance(n.tag, str) and n.tag not in (XS + "import", XS + "annotation") for n in root)

    def relocate(self, node, path, spaces, root):
        location, space = node.get("schemaLocation"), node.get("namespace")
        if space in KNOWN_NAMESPACES and space not in spaces:
            node.set("schemaLocation", (self.place / "known" / KNOWN_NAMESPACES[space]).as_uri())
        elif location in WELL_KNOWN:
            node.set("schemaLocation", (self.place / "known" / WELL_KNOWN[location]).as_uri())
        elif location in self.locations or posixpath.basename(location or "") in self.locations:
            node.set("schemaLocation", (self.place / "s" / self.locations.get(location, self.locations.get(posixpath.basename(location)))).as_uri())
        elif location is None and space in spaces and spaces[space] != path:
            node.set("schemaLocation", spaces[space].as_uri())
        elif location is None:
            root.remove(node)

    def problem(self, element):
        """None where the element is valid, "" where that cannot be said, otherwise what is wrong."""
        if self.schema is None:
            return ""
        alone = etree.fromstring(etree.tostring(element, with_tail=False, encoding="utf-8"))
        if self.schema.validate(alone):
            return None
        return self.schema.error_log.last_error.message[:200]
