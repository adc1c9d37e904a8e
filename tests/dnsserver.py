"""A real DNS server on this machine, with the records that a test gives it."""

from __future__ import annotations

import socketserver
import struct
import threading
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class DnsServer:
    """Answers by UDP and, where an answer is too long for that, by TCP. `records` has
    the lines of each name and kind; `silent` names get no answer but a failure."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.silent: set[str] = set()
        self.udp, self.tcp = two_servers(self)
        self.port = int(self.udp.server_address[1])
        for server in (self.udp, self.tcp):
            threading.Thread(
                target=server.serve_forever, args=(0.01,), daemon=True
            ).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for server in (self.udp, self.tcp):
            server.shutdown()
            server.server_close()

    def text(self, name: str, *texts: str) -> None:
        """Give a name these TXT records, each in strings of at most 255 bytes."""
        self.records[name, "TXT"] = [
            " ".join(
                f'"{text[begin : begin + 255]}"' for begin in range(0, len(text), 255)
            )
            for text in texts
        ]

    def answer(self, wire: bytes, most: int) -> bytes:
        """Return the answer to a question, cut off when it has more than `most`
        bytes."""
        question = dns.message.from_wire(wire)
        response = dns.message.make_response(question)
        (asked,) = question.question
        name = asked.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(asked.rdtype)
        if name in self.silent:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif alias := self.records.get((name, "CNAME")):
            (target,) = alias
            lines = self.records[target.rstrip("."), kind]
            for owner, what, told in (
                (f"{name}.", "CNAME", alias),
                (target, kind, lines),
            ):
                response.answer.append(
                    dns.rrset.from_text_list(owner, 60, "IN", what, told)
                )
        elif lines := self.records.get((name, kind), []):
            response.answer.append(
                dns.rrset.from_text_list(asked.name, 60, "IN", kind, lines)
            )
        elif not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        try:
            return response.to_wire(max_size=most)
        except dns.exception.TooBig:
            response.answer.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()


class UdpServer(socketserver.ThreadingUDPServer):
    def __init__(self, dns: DnsServer) -> None:
        super().__init__(("127.0.0.1", 0), Datagram)
        self.dns = dns


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, dns: DnsServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), Conversation)
        self.dns = dns


def two_servers(dns: DnsServer) -> tuple[UdpServer, TcpServer]:
    """Return servers on one port, of those that are free for both."""
    while True:
        udp = UdpServer(dns)
        try:
            return udp, TcpServer(dns, int(udp.server_address[1]))
        except OSError:
            udp.server_close()


class Datagram(socketserver.BaseRequestHandler):
    server: UdpServer

    def handle(self) -> None:
        wire, channel = self.request
        channel.sendto(self.server.dns.answer(wire, 512), self.client_address)


class Conversation(socketserver.StreamRequestHandler):
    server: TcpServer

    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.rfile.read(2))
        wire = self.server.dns.answer(self.rfile.read(length), 65535)
        self.wfile.write(struct.pack("!H", len(wire)) + wire)
