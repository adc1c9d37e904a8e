"""POST to addresses that people have entered: over TLS to public hosts, and nowhere
else. The site's own network is out of reach: a name is looked up once, what it leads to
is checked, and the connection goes to that very address. No redirect is followed, and
no proxy of the environment is asked.

ALERT_URL is another matter: whoever runs the site chose it, often in its own network.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from functools import cache
from http.client import HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

PORT = 443
# Of an answer no more than this is read.
MOST = 16_000
PUBLIC6 = IPv6Network("2000::/3")
# Addresses of IPv4 within IPv6: NAT64 (RFC 6052) leads to the one in its last 32 bits.
NAT64 = IPv6Network("64:ff9b::/96")
# 6to4 leads to the IPv4 address that it holds; nothing public needs it any more.
SIX_TO_FOUR = IPv6Network("2002::/16")
# Public by its number, but within each of Azure's machines the one of its host.
OF_HOSTS = IPv4Address("168.63.129.16")


class NotPublic(OSError):
    """The host is in a network that is not everybody's."""


def is_public_address(address: IPv4Address | IPv6Address) -> bool:
    """Return whether everybody on the internet means the same machine by it."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None:
            return (
                address.is_global and address in PUBLIC6 and address not in SIX_TO_FOUR
            )
        address = inner
    return address.is_global and not address.is_multicast and address != OF_HOSTS


def time_left(until: float) -> float:
    """Return the seconds until then; raise TimeoutError when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class TimedSocket(ssl.SSLSocket):
    """A TLS socket on which all reading together ends `until` then: a timeout alone
    starts anew with every byte that drips in."""

    until: float

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(time_left(self.until))
        return super().recv_into(*args, **kwargs)


@cache
def context() -> ssl.SSLContext:
    checked = ssl.create_default_context()
    checked.sslsocket_class = TimedSocket
    return checked


class PublicConnection:
    """A connection to the public host of `url`; it is kept for further messages until
    `close()`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        self.http = HTTPSConnection(self.host, PORT, context=context())
        # It would connect to wherever the name leads.
        self.http.auto_open = 0

    def post(self, body: bytes, headers: Mapping[str, str], *, within: float) -> int:
        """Send `body` and return the status of the answer; raise OSError, HTTPException
        or ValueError when there is none within so many seconds altogether."""
        until = time.monotonic() + within
        kept = self.http.sock is not None
        try:
            return self.exchange(body, headers, until)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            if not kept:
                raise
        # Servers may close at any time what they kept open, without a word.
        return self.exchange(body, headers, until)

    def exchange(self, body: bytes, headers: Mapping[str, str], until: float) -> int:
        try:
            if self.http.sock is None:
                self.http.sock = self.connected(until)
            assert isinstance(self.http.sock, TimedSocket)
            self.http.sock.until = until
            self.http.sock.settimeout(time_left(until))
            self.http.request("POST", self.target, body, dict(headers))
            answer = self.http.getresponse()
            answer.read(MOST)
            if not answer.isclosed():  # there is more: it stays unread
                self.close()
        except BaseException:
            self.close()
            raise
        return answer.status

    def connected(self, until: float) -> ssl.SSLSocket:
        """Return a socket to the first address of the host that answers."""
        found = socket.getaddrinfo(self.host, PORT, type=socket.SOCK_STREAM)
        addresses = [str(where[0]) for *_others, where in found]
        if not all(
            is_public_address(ip_address(each.partition("%")[0])) for each in addresses
        ):
            raise NotPublic
        failure: OSError = OSError()
        for address in dict.fromkeys(addresses):
            try:
                plain = socket.create_connection((address, PORT), time_left(until))
            except OSError as error:
                failure = error
                continue
            plain.settimeout(time_left(until))
            return context().wrap_socket(plain, server_hostname=self.host)
        raise failure

    def close(self) -> None:
        self.http.close()
