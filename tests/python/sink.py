"""A mail server that takes every e-mail and prints it, one JSON object on each line; the first line is its port."""

import json
import signal

from aiosmtpd.controller import Controller


class Sink:
    async def handle_DATA(self, server, session, envelope):
        mail = {"to": envelope.rcpt_tos, "content": envelope.content.decode("utf-8")}
        print(json.dumps(mail), flush=True)
        return "250 kept"


controller = Controller(Sink(), hostname="127.0.0.1", port=0)
controller.start()
print(controller.server.sockets[0].getsockname()[1], flush=True)
signal.sigwait([signal.SIGTERM, signal.SIGINT])
controller.stop()
