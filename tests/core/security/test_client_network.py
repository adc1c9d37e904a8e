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


@pytest.mark.parametrize(
    ("declared", "peer", "expected"),
    [
        ("::ffff:10.0.0.7", "10.0.0.7", "11.22.33.0/24"),
        ("::ffff:10.0.0.7", "::ffff:10.0.0.7", "11.22.33.0/24"),
        ("::ffff:10.0.0.0/104", "10.9.9.9", "11.22.33.0/24"),
        ("::ffff:10.0.0.7", "10.0.0.8", "None"),
        ("10.0.0.7", "::ffff:10.0.0.7", "11.22.33.0/24"),
        # Wider than IPv4 altogether, and no IPv4 at all.
        ("::/80", "10.0.0.7", "None"),
        ("2600:1f18::/32", "2600:1f18::1", "11.22.33.0/24"),
        ("fd00::/8", "fd00::5", "11.22.33.0/24"),
    ],
)
def test_a_proxy_is_known_by_either_way_to_write_its_address(
    settings: Settings, declared: str, peer: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = [declared]

    assert network(peer, "11.22.33.44") == expected


def test_what_was_made_up_in_a_long_list_is_not_believed(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [PROXY]

    assert network(PROXY, "11.22.33.44, " * 10_000 + "24.48.1.2") == "24.48.1.0/24"
