"""Verifies a receipt and its inclusion proof offline: verify_inclusion.py KEYS RECEIPT-FILE. Prints since when the record is sealed."""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from merkle import climb


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(text, kind, keys):
    header, payload, signature = text.split(".")
    head = json.loads(decoded(header))
    assert (head["alg"], head["typ"]) == ("EdDSA", kind), head
    [key] = [key for key in keys if key["kid"] == head["kid"]]
    public = Ed25519PublicKey.from_public_bytes(decoded(key["x"]))
    public.verify(decoded(signature), f"{header}.{payload}".encode())
    return json.loads(decoded(payload))


def sealed(record, proof, stated):
    steps = [bytes.fromhex(step) for step in proof["path"]]
    leaf = hashlib.sha256(b"\x00" + record.encode()).digest()
    return climb(leaf, proof["position"], stated["leaves"], steps).hex() == stated["root"]


with open(sys.argv[1], encoding="utf-8") as file:
    keys = json.load(file)["keys"]
with open(sys.argv[2], encoding="utf-8") as file:
    receipt = json.load(file)
promise = opened(receipt["receipt"], "tongban-receipt+jwt", keys)
proof = receipt["inclusion_proof"]
stated = opened(proof["statement"], "tongban-audit-root+jwt", keys)
assert stated == proof["root"], stated
record = json.loads(proof["record"])
assert (record["target"], record["action"]) == (promise["application_no"], "application.submit"), record
assert sealed(proof["record"], proof, stated), "the path leads elsewhere"
print(f"{promise['application_no']} is sealed since {stated['sealed_at']} in batch {stated['batch']}")

assert not sealed(proof["record"].replace(record["target"], record["target"] + "0"), proof, stated)
print("a changed record is refused")
try:
    opened(receipt["receipt"].replace(".", ".e30", 1), "tongban-receipt+jwt", keys)
except (InvalidSignature, ValueError):
    print("a changed receipt is refused")
