"""`python -m core.observability.healthcheck`: exit 0 when this container's web server
answers."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection


def is_alive() -> bool:
    """Whether /livez answers 200 within 3 seconds."""
    port = int(os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")[2])
    connection = HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive() else 1)
