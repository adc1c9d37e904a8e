"""The container's health check, `python -m core.observability.healthcheck`: exit 0 when
its web server answers."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection


def is_alive() -> bool:
    """Return whether /livez answers 200 within 3 seconds."""
    bind = os.environ.get("BIND") or "127.0.0.1:8000"
    host, _, port = bind.split(",")[0].strip().rpartition(":")
    # A wildcard address listens on loopback, too.
    here = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104
    address = here.get(host, host.strip("[]"))
    connection = HTTPConnection(address, int(port), timeout=3)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive() else 1)
