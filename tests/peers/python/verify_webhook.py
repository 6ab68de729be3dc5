"""Verifies one webhook as docs/operations/notifications.md says: verify_webhook.py JSON; status 0 when the signature is good."""

import base64
import hmac
import json
import sys

call = json.loads(sys.argv[1])
key = base64.b64decode(call["secret"].removeprefix("whsec_"))
signed = f"{call['id']}.{call['timestamp']}.".encode() + call["body"].encode()
expected = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
good = any(hmac.compare_digest(expected, one) for one in call["signature"].split(" "))
sys.exit(0 if good else 1)
