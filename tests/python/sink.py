"""A mail server that takes every e-mail and prints it, one JSON object on each line; the first line is its port."""

import asyncio
import json

from aiosmtpd.smtp import SMTP


class Sink:
    async def handle_DATA(self, server, session, envelope):
        mail = {"to": envelope.rcpt_tos, "content": envelope.content.decode("utf-8")}
        print(json.dumps(mail), flush=True)
        return "250 kept"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
