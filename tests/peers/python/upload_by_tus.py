"""Uploads a file in pieces with a foreign tus client: upload_by_tus.py ADDRESS FILE. Prints the upload's address."""

import os
import sys

from tusclient import client

PIECE = 70_000

address, path = sys.argv[1:]
size = os.path.getsize(path)
assert size > 3 * PIECE, "the file is too small to be cut"
metadata = {"filename": "申请书.pdf", "filetype": "application/pdf"}
tus = client.TusClient(address)

first = tus.uploader(path, chunk_size=PIECE, metadata=metadata)
first.upload(stop_at=2 * PIECE)
assert first.offset == 2 * PIECE, first.offset

# Another client that knows nothing but the address: it asks for the offset, and sends the rest with checksums (SHA-1).
second = tus.uploader(path, chunk_size=PIECE, url=first.url, upload_checksum=True)
assert second.offset == 2 * PIECE, second.offset
second.upload()
assert second.offset == size, (second.offset, size)
print(second.url)
