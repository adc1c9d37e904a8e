"""`python -m config.healthcheck`: exit 0 when the web server of this container answers.
It asks as the public would, by the host of SITE_URL."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit


def is_alive() -> bool:
    """Whether /livez answers 200 within 3 seconds."""
    port = int(os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")[2])
    host = urlsplit(os.environ.get("SITE_URL", "")).netloc or "localhost"
    connection = HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/livez", headers={"Host": host})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive() else 1)
