"""An SMTP server that takes everything and keeps nothing: `python -m bench.sink`.

It prints its port on a line of its own, and is as fast as Python allows, so that the
sender is what is measured.
"""

from __future__ import annotations

import asyncio

END = b"\r\n.\r\n"
ANSWERS = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"HELO": b"250 sink\r\n",
    b"MAIL": b"250 OK\r\n",
    b"RCPT": b"250 OK\r\n",
    b"RSET": b"250 OK\r\n",
    b"NOOP": b"250 OK\r\n",
    b"DATA": b"354 Go on\r\n",
    b"QUIT": b"221 Bye\r\n",
}


class Conversation(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        self.in_message = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        # Commands that came together are answered together, as Postfix does.
        answers = []
        while True:
            end = END if self.in_message else b"\r\n"
            taken, separator, rest = self.buffer.partition(end)
            if not separator:
                break
            self.buffer = rest
            if self.in_message:
                self.in_message = False
                answers.append(b"250 OK\r\n")
                continue
            word = taken[:4].upper()
            answers.append(ANSWERS.get(word, b"500 What?\r\n"))
            self.in_message = word == b"DATA"
        if answers:
            self.transport.write(b"".join(answers))
        if answers and answers[-1] == ANSWERS[b"QUIT"]:
            self.transport.close()


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Conversation, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
