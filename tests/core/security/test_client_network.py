"""Whose word counts about where a visitor comes from."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from core.security.client_network import network_of

PROXY = "127.0.0.1"


def network(peer: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().post("/", REMOTE_ADDR=peer, headers=headers)
    return str(network_of(request))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("11.22.33.44", None, "11.22.33.0/24"),
        ("2600:1f18:1234:5678::1", None, "2600:1f18:1234::/48"),
        (PROXY, "11.22.33.44", "11.22.33.0/24"),
        (PROXY, "11.22.33.44:5123", "11.22.33.0/24"),
        (PROXY, "[2600:1f18:1234:5678::1]:443", "2600:1f18:1234::/48"),
        (PROXY, "::ffff:11.22.33.44", "11.22.33.0/24"),
        # The number of this one is that of an IPv4 address.
        (PROXY, "::808:808", "::/48"),
        # A visitor who sends the header himself: the proxy adds the truth behind it.
        (PROXY, "8.8.8.8, 11.22.33.44", "11.22.33.0/24"),
        (PROXY, "8.8.8.8, 127.0.0.1, 11.22.33.44", "11.22.33.0/24"),
        # Nobody declared this peer a proxy, so what it says is made up.
        ("11.22.33.44", "8.8.8.8", "11.22.33.0/24"),
        ("11.22.33.44", "8.8.8.8, 127.0.0.1", "11.22.33.0/24"),
        # Through a second proxy that is declared.
        (PROXY, "8.8.8.8, 11.22.33.44, 10.0.0.7", "11.22.33.0/24"),
        # No address of the internet: nothing to tell people apart by.
        (PROXY, None, "None"),
        (PROXY, "", "None"),
        (PROXY, "192.168.1.20", "None"),
        ("172.18.0.2", "11.22.33.44", "None"),
        # Nothing that can be read.
        ("", None, "None"),
        ("unix:", "11.22.33.44", "None"),
        (PROXY, "unknown", "None"),
        (PROXY, "11.22.33.44, _hidden", "None"),
        (PROXY, "11.22.33.444", "None"),
        (PROXY, "' OR 1=1", "None"),
        (PROXY, ",,,", "None"),
    ],
)
def test_the_network_is_read_from_the_right(
    settings: Settings, peer: str, forwarded: str | None, expected: str
) -> None:
    settings.TRUSTED_PROXIES = [PROXY, "10.0.0.0/8"]

    assert network(peer, forwarded) == expected
