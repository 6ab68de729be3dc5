"""A mail server that keeps every mail as a JSON line: smtp_server.py CALLS

The first mail of each message id is put off with 451, as a server does that greylists.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


class Keeper:
    def __init__(self, path):
        self.path = path
        self.seen = set()

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        name = mail["Message-ID"]
        if name not in self.seen:
            self.seen.add(name)
            return "451 come again"
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "id": name,
            "subject": mail["Subject"],
            "text": mail.get_content(),
        }
        with open(self.path, "a", encoding="utf-8") as calls:
            calls.write(json.dumps(line, ensure_ascii=False) + "\n")
        return "250 kept"


async def main():
    keeper = Keeper(sys.argv[1])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keeper, enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    print("listening on %s:%d" % server.sockets[0].getsockname()[:2], flush=True)
    await server.serve_forever()


asyncio.run(main())
