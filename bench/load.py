"""Clients that send as many requests as the server takes: wrk, or one in Python."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from itertools import count
from pathlib import Path
from typing import BinaryIO, Protocol

from bench.site import SLUG, BenchSite

CONNECTIONS = 16
PATHS = {
    "bare": "/livez",
    "page": f"/petitions/{SLUG}/",
    "page, 304": f"/petitions/{SLUG}/",
    "profile": "/organizations/bench/",
    "profile 10k": "/organizations/many/",
    "sign": f"/petitions/{SLUG}/sign/",
}
FORM = (
    "name=Maya+Tremblay&email=maya{0}%40example.org&updates=yes&comment="
    "&version=0.1.number"
)


class Client(Protocol):
    name: str

    def run(self, site: BenchSite, kind: str, seconds: int) -> float:
        """Requests a second in a slice of this kind; SystemExit when the server
        answered otherwise than it should."""
        ...


def best_client() -> Client:
    if shutil.which("wrk"):
        return Wrk()
    print("  wrk is not here (apt-get install wrk): a client in Python does the work")
    return PythonClient()


def etag_of(site: BenchSite) -> str:
    from urllib.request import urlopen

    with urlopen(f"http://127.0.0.1:{site.port}{PATHS['page']}") as response:
        return str(response.headers["ETag"])


class Wrk:
    """wrk, with a Lua script for what is posted."""

    name = "wrk"
    script = Path(__file__).with_name("requests.lua")

    def run(self, site: BenchSite, kind: str, seconds: int) -> float:
        words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", self.script]
        url = f"http://127.0.0.1:{site.port}{PATHS.get(kind, '/')}"
        etag = etag_of(site) if kind == "page, 304" else ""
        more = [kind, site.folder / "links", str(site.used), etag, FORM]
        done = subprocess.run(
            [*map(str, words), url, "--", *map(str, more)],
            capture_output=True,
            text=True,
            check=True,
        )
        if etag and etag_of(site) != etag:
            # Confirmations of an earlier slice have reached the page: once more.
            return self.run(site, kind, seconds)
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise SystemExit(f"{kind}: {done.stdout}")
        wrong = re.search(r"unexpected: (\d+)", done.stdout)
        if wrong is None or int(wrong[1]):
            raise SystemExit(f"{kind}: {done.stdout}")
        requests = re.search(r"(\d+) requests in", done.stdout)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
        assert requests
        assert rate
        if kind == "confirm":
            site.used += int(requests[1]) + CONNECTIONS
        return float(rate[1])


class PythonClient:
    """Threads with a connection each; slower than wrk, which flatters the ratios."""

    name = "Python"
    numbers = count()

    def run(self, site: BenchSite, kind: str, seconds: int) -> float:
        stop_at = time.monotonic() + seconds
        done: list[int] = []
        wrong: list[str] = []
        links = (site.folder / "links").read_text().splitlines()
        etag = etag_of(site) if kind == "page, 304" else ""
        expected = {"page, 304": b" 304", "sign": b" 303", "confirm": b" 303"}

        def work() -> None:
            number = 0
            with socket.create_connection(("127.0.0.1", site.port)) as connection:
                stream = connection.makefile("rb")
                while time.monotonic() < stop_at:
                    connection.sendall(self.request(site, kind, links, etag))
                    if not read_answer(stream, expected.get(kind, b" 200")):
                        wrong.append(kind)
                    number += 1
            done.append(number)

        threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if etag and etag_of(site) != etag:
            return self.run(site, kind, seconds)
        if wrong:
            raise SystemExit(f"{kind}: {len(wrong)} unexpected answers")
        return sum(done) / (time.monotonic() - started)

    def request(self, site: BenchSite, kind: str, links: list[str], etag: str) -> bytes:
        path = PATHS.get(kind, "")
        headers = ["Host: localhost", "Accept-Encoding: gzip"]
        body = ""
        if kind == "confirm":
            path, site.used = links[site.used], site.used + 1
        elif kind == "sign":
            body = FORM.format(next(self.numbers))
            headers.append("Content-Type: application/x-www-form-urlencoded")
        elif etag:
            headers.append(f"If-None-Match: {etag}")
        method = "GET"
        if kind in {"confirm", "sign"}:
            method = "POST"
            headers += ["Sec-Fetch-Site: same-origin", f"Content-Length: {len(body)}"]
        lines = [f"{method} {path} HTTP/1.1", *headers, "", body]
        return "\r\n".join(lines).encode()


def read_answer(stream: BinaryIO, expected: bytes) -> bool:
    """Read one answer to its end; whether its status is the expected one."""
    status = stream.readline()
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    stream.read(length)
    return expected in status
