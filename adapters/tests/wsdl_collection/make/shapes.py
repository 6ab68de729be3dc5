"""A short way to say the shape of a service, from which each idiom in the modules beside writes its own WSDL.

A field is "name type" with marks behind the type: * repeats, ! required, ~ nillable. Types in lower case are of XML Schema, others are of
the service. A service is a name, a namespace, its types, and its operations: name, parameters, result (a field without name, or "" for none).
"""

import dataclasses


@dataclasses.dataclass
class Field:
    name: str
    type: str
    repeats: bool
    required: bool
    nillable: bool

    @property
    def simple(self):
        return self.type[0].islower()


@dataclasses.dataclass
class Operation:
    name: str
    parameters: list
    result: "Field | None"
    documentation: str = ""
    one_way: bool = False


@dataclasses.dataclass
class Service:
    name: str
    namespace: str
    types: dict
    operations: list
    documentation: str = ""


def field(text):
    name, kind = text.split()
    marks = kind[len(kind.rstrip("*!~")):]
    return Field(name, kind.rstrip("*!~"), "*" in marks, "!" in marks, "~" in marks)


def service(name, namespace, types, operations, documentation=""):
    """Reads the short form: types as {"Name": "a string, b Other*"}, operations as (name, "a string, b Other", "result", documentation)."""

    def fields(text):
        return [field(part) for part in text.split(",") if part.strip()]

    made = []
    for entry in operations:
        named, parameters, result = entry[:3]
        one_way = result == "-"
        made.append(Operation(named, fields(parameters), field("return " + result) if result and not one_way else None, entry[3] if len(entry) > 3 else "", one_way))
    return Service(name, namespace, {key: fields(value) for key, value in types.items()}, made, documentation)


def array_name(kind):
    return "ArrayOf" + kind[0].upper() + kind[1:]


def arrays_used(described):
    """The item types of which arrays are needed, in the order met."""
    found = []
    places = [f for fields in described.types.values() for f in fields]
    places += [f for operation in described.operations for f in [*operation.parameters, *([operation.result] if operation.result else [])]]
    for place in places:
        if place.repeats and place.type not in found:
            found.append(place.type)
    return found
