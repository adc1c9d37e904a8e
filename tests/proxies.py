"""Real proxies in front of a site, as docs/operations.md has them: each passes on what
it passes on by default, and keeps visitors away from /admin/."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devsite.embedded_postgres import free_port
from tests.site import until

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"

CADDY = """
{{
    admin off
    auto_https off
}}
http://:{port} {{
    bind 127.0.0.1
    respond /admin/* 403
    reverse_proxy 127.0.0.1:{site}
}}
"""
NGINX = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    underscores_in_headers on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /admin/ {{ return 403; }}
        location / {{
            proxy_pass http://127.0.0.1:{site};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    option forwardfor
frontend visitors
    bind 127.0.0.1:{port}
    http-request deny if {{ path_beg /admin/ }}
    http-request set-header X-Forwarded-Proto http
    default_backend site
backend site
    server site 127.0.0.1:{site}
"""
PROXIES = {
    "caddy": (CADDY, ["run", "--adapter", "caddyfile", "--config"]),
    "nginx": (NGINX, ["-p", "{folder}", "-e", "stderr", "-c"]),
    "haproxy": (HAPROXY, ["-db", "-f"]),
}


def found(name: str) -> str | None:
    """Return the path of the program, also from a folder of system programs; None if it
    is not installed."""
    return shutil.which(name, path=PATH)


@contextmanager
def proxy(name: str, site: int, folder: Path) -> Iterator[int]:
    """Run the proxy in front of the site on the port `site`; yield the proxy's own
    port."""
    program = found(name)
    assert program is not None
    port = free_port()
    text, words = PROXIES[name]
    values = {"port": port, "site": site, "folder": folder}
    config = folder / "config"
    config.write_text(text.format(**values))
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "PATH": PATH}
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [program, *(word.format(**values) for word in words), str(config)],
            env=home,
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: listens(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "output").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def raw(port: int, request: bytes, seconds: float = 10) -> bytes:
    """Return what a server answers to these bytes until it closes the connection or
    says no more for `seconds`; b"" when it only closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(request)
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except (TimeoutError, ConnectionResetError):
            pass
    return answer
