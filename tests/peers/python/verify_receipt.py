"""Verifies a receipt (compact JWS, EdDSA) with the published JWK set alone: verify_receipt.py KEYS RECEIPT. Prints what it promises."""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


with open(sys.argv[1], encoding="utf-8") as file:
    keys = json.load(file)["keys"]
header, payload, signature = sys.argv[2].split(".")
head = json.loads(decoded(header))
assert head["alg"] == "EdDSA", head
[key] = [key for key in keys if key["kid"] == head["kid"]]
assert (key["kty"], key["crv"]) == ("OKP", "Ed25519"), key
public = Ed25519PublicKey.from_public_bytes(decoded(key["x"]))
public.verify(decoded(signature), f"{header}.{payload}".encode())
promise = json.loads(decoded(payload))
print(json.dumps(promise, ensure_ascii=False))

changed = {**promise, "application_no": promise["application_no"] + "0"}
forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
try:
    public.verify(decoded(signature), f"{header}.{forged}".encode())
except InvalidSignature:
    print("a changed receipt is refused")
