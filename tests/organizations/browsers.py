"""Browsers in which staff are logged in."""

from __future__ import annotations

from django.test import Client

from organizations.models import User

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


def log_in(user: User, program: str = FIREFOX, address: str = "203.0.114.9") -> Client:
    client = Client(
        headers={
            "host": "localhost",
            "user-agent": program,
            "x-forwarded-for": address,
        }
    )
    client.post("/admin/login/", {"username": user.email, "password": "correct horse"})
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200
