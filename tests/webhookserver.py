"""A newsletter tool on this machine, which speaks HTTPS, and the worker that tells it."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone

from core.http import outgoing
from organizations.models import Organization
from petitions.models import Webhook
from petitions.privacy.webhooks import Courier

NAME = "tool.example"
URL = f"https://{NAME}/hook?list=1"


def make_certificate(folder: Path) -> Path:
    """Write a certificate for NAME that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "tool.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


class Tool:
    """What arrived, and how it answers."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.status = 204
        self.location = ""
        self.before_answer: Callable[[], None] = lambda: None
        self.drips = False
        self.hangs_up = False
        self.connections = 0

    @property
    def told(self) -> list[tuple[str, str]]:
        """Of whom it was told what."""
        read = map(json.loads, self.bodies)
        return [(each["type"], each["data"]["email"]) for each in read]


@contextmanager
def listening_tool(folder: Path) -> Iterator[tuple[Tool, int, Path]]:
    """Run a tool on this machine: yield it, its port, and the file of its
    certificate."""
    tool = Tool()
    pem = make_certificate(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            tool.connections += 1
            super().setup()

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            tool.bodies.append(self.rfile.read(size))
            tool.headers.append({k.lower(): v for k, v in self.headers.items()})
            tool.before_answer()
            if tool.drips:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for _ in range(100):
                    self.wfile.write(b"X: y\r\n")
                    time.sleep(0.05)
            self.send_response(tool.status)
            if tool.location:
                self.send_header("Location", tool.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.close_connection = self.close_connection or tool.hangs_up

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None  # type: ignore[method-assign]
    listening = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listening.load_cert_chain(pem)
    server.socket = listening.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield tool, server.server_port, pem
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running_tool(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Tool]:
    """Run a tool at URL, and let this process go there although it is not public."""
    with listening_tool(folder) as (tool, port, pem):
        let_go_there(port, pem, patch)
        yield tool


def let_go_there(port: int, pem: Path, patch: pytest.MonkeyPatch) -> None:
    trusting = ssl.create_default_context(cafile=str(pem))
    trusting.sslsocket_class = outgoing.TimedSocket
    look_up = socket.getaddrinfo

    def found(host: Any, *args: Any, **kwargs: Any) -> Any:
        return look_up("127.0.0.1" if host == NAME else host, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", found)
    patch.setattr(outgoing, "PORT", port)
    patch.setattr(outgoing, "context", lambda: trusting)
    patch.setattr(outgoing, "is_public_address", lambda _address: True)


def make_webhook(organization: Organization, url: str = URL, **fields: Any) -> Webhook:
    webhook = Webhook(organization=organization, name="Letters", url=url, **fields)
    webhook.clean()
    webhook.renew_secret(timezone.now())
    webhook.save()
    return webhook


def carry(courier: Courier | None = None, *, after: timedelta = timedelta(0)) -> None:
    """Run rounds until nothing is due."""
    courier = courier or Courier()
    now = timezone.now() + after
    while courier.round(now) or courier.under_way:
        for thread in list(courier.under_way.values()):
            thread.join(20)
