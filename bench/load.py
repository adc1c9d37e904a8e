"""Clients that send as many requests as the server takes: wrk, or one in Python.

They speak as a trusted proxy does, for visitors from a network of millions of
addresses, so that rate limits and ceilings have their work.
"""

from __future__ import annotations

import random
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.site import SLUG, Server

CONNECTIONS = 16
PATHS = {
    "bare": "/livez",
    "page": f"/petitions/{SLUG}/",
    "page, 304": f"/petitions/{SLUG}/",
    "profile": "/organizations/bench/",
    "profile 10k": "/organizations/many/",
    "list": "/petitions/",
    "count.json": f"/petitions/{SLUG}/count.json",
    "sign": f"/petitions/{SLUG}/sign/",
    "sign, one network": f"/petitions/{SLUG}/sign/",
}
CACHED = frozenset(
    {"page", "page, 304", "profile", "profile 10k", "list", "count.json"}
)
STATUS = {"page, 304": 304, "sign": 303, "sign, one network": 303, "confirm": 303}
FORM = (
    "name=Maya+Tremblay&email=maya{0}%40{1}&updates=yes&comment=&subject="
    "&version=0.1.number"
)
OWN_DOMAINS = 3000


class Unsettled(Exception):
    """Raised when confirmations of an earlier slice have changed the page during this
    one."""


class Client(Protocol):
    """A program that sends requests and measures how many are answered."""

    name: str

    def run(
        self, server: Server, kind: str, seconds: int, connections: int = CONNECTIONS
    ) -> float:
        """Return the requests per second of a slice of this kind; raise Unsettled when
        the page has changed, SystemExit when the server answered otherwise than it
        should."""
        ...


def best_client() -> Client:
    if shutil.which("wrk"):
        return Wrk()
    print("  wrk is not here (apt-get install wrk): a client in Python does the work")
    return PythonClient()


def settled_run(client: Client, server: Server, kind: str, seconds: int) -> float:
    """Run a slice, and again when the page changed meanwhile; raise SystemExit when it
    never settles."""
    for _ in range(5):
        try:
            return client.run(server, kind, seconds)
        except Unsettled:
            time.sleep(1)
    raise SystemExit(f"{kind}: the page changes all the time")


def make_ready(server: Server, kind: str) -> None:
    """Let each process of the server render the page, which it does once in ten
    seconds: slices of a second would have ten times their share of it."""
    if kind not in CACHED:
        return
    url = f"http://127.0.0.1:{server.port}{PATHS[kind]}"
    etag = etag_of(server) if kind == "page, 304" else ""
    headers = {"Accept-Encoding": "gzip", "If-None-Match": etag}
    # The kernel deals connections out to processes at random.
    for _ in range(8 * server.processes):
        with suppress(HTTPError), urlopen(Request(url, headers=headers)) as response:
            response.read()


def etag_of(server: Server) -> str:
    with urlopen(f"http://127.0.0.1:{server.port}{PATHS['page']}") as response:
        return str(response.headers["ETag"])


class Wrk:
    """The program wrk, with a Lua script for the requests that it sends."""

    name = "wrk"
    script = Path(__file__).with_name("requests.lua")

    def run(
        self, server: Server, kind: str, seconds: int, connections: int = CONNECTIONS
    ) -> float:
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", self.script]
        url = f"http://127.0.0.1:{server.port}{PATHS.get(kind, '/')}"
        etag = etag_of(server) if kind == "page, 304" else ""
        database = server.database
        links = database.signed_links if kind == "signed" else database.confirm_links
        more = [kind, STATUS.get(kind, 200), links, database.used, etag, FORM]
        done = subprocess.run(
            [*map(str, words), url, "--", *map(str, more)],
            capture_output=True,
            text=True,
            check=True,
        )
        wrong = re.search(r"unexpected: (\d+)", done.stdout)
        if etag and (etag_of(server) != etag or (wrong and int(wrong[1]))):
            raise Unsettled
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise SystemExit(f"{kind}: {done.stdout}")
        if wrong is None or int(wrong[1]):
            raise SystemExit(f"{kind}: {done.stdout}")
        requests = re.search(r"(\d+) requests in", done.stdout)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
        assert requests
        assert rate
        server.answered += int(requests[1])
        if kind == "confirm":
            database.used += int(requests[1]) + connections
        return float(rate[1])


class PythonClient:
    """Threads with a connection each; slower than wrk, which flatters the ratios."""

    name = "Python"
    numbers = count()

    def run(
        self, server: Server, kind: str, seconds: int, connections: int = CONNECTIONS
    ) -> float:
        stop_at = time.monotonic() + seconds
        done: list[int] = []
        wrong: list[str] = []
        database = server.database
        file = database.signed_links if kind == "signed" else database.confirm_links
        links = file.read_text().splitlines()
        etag = etag_of(server) if kind == "page, 304" else ""
        expected = f" {STATUS.get(kind, 200)}".encode()

        def work() -> None:
            number = 0
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                stream = connection.makefile("rb")
                while time.monotonic() < stop_at:
                    connection.sendall(self.request(server, kind, links, etag))
                    if not read_answer(stream, expected):
                        wrong.append(kind)
                    number += 1
            done.append(number)

        threads = [threading.Thread(target=work) for _ in range(connections)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if etag and (etag_of(server) != etag or wrong):
            raise Unsettled
        if wrong:
            raise SystemExit(f"{kind}: {len(wrong)} unexpected answers")
        server.answered += sum(done)
        return sum(done) / (time.monotonic() - started)

    def request(self, server: Server, kind: str, links: list[str], etag: str) -> bytes:
        path = PATHS.get(kind, "")
        number = next(self.numbers)
        if kind == "confirm":
            path = links[server.database.used]
            server.database.used += 1
        elif kind == "signed":
            path = links[number % len(links)]
        elif kind in {"sign", "sign, one network"}:
            busy = f"11.200.{number // 4000 % 250}.7"
            visitor = busy if kind == "sign, one network" else a_visitor()
            return post(path, FORM.format(f"{number}p", a_domain()), visitor)
        if kind == "confirm":
            return post(path, "", a_visitor())
        headers = ["Host: localhost", "Accept-Encoding: gzip"]
        if etag:
            headers.append(f"If-None-Match: {etag}")
        lines = [f"GET {path} HTTP/1.1", *headers, "", ""]
        return "\r\n".join(lines).encode()


def a_visitor() -> str:
    """Return a random address of 11.0.0.0/8; 11.200 and above are for busy networks."""
    return f"11.{random.randrange(200)}.{random.randrange(256)}.{random.randrange(256)}"


def a_domain() -> str:
    """Return a mail domain, eight times of ten that of a provider to which no limit
    applies."""
    if random.random() < 0.8:
        return "gmail.com"
    return f"d{random.randrange(OWN_DOMAINS)}.example"


def post(path: str, body: str, visitor: str) -> bytes:
    """Return the bytes of a form as a browser sends it, through a proxy."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Accept-Encoding: gzip",
        "Sec-Fetch-Site: same-origin",
        f"X-Forwarded-For: {visitor}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "",
        body,
    ]
    return "\r\n".join(lines).encode()


def read_answer(stream: BinaryIO, expected: bytes) -> bool:
    """Read one answer to its end; return whether its status is the expected one."""
    status = stream.readline()
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    stream.read(length)
    return expected in status
