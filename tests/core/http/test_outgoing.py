"""POSTs to addresses that people have entered."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

import pytest

from core.http import outgoing
from core.http.outgoing import NotPublic, PublicConnection, is_public_address
from tests.webhookserver import URL, Tool, running_tool

# The one that the site uses.
OURS = outgoing.context


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tool]:
    with running_tool(tmp_path, monkeypatch) as tool:
        yield tool


def post(url: str = URL, *, within: float) -> int:
    with closing(PublicConnection(url)) as connection:
        return connection.post(b"", {}, within=within)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "224.0.0.1",
        "239.1.1.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "168.63.129.16",
        "::", "::1", "::127.0.0.1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
        "ff0e::1", "2001:db8::1", "2001::1", "2002:7f00:1::1", "2002:808:808::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:224.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "fec0::1",
    ],
)  # fmt: skip
def test_what_is_not_everybodys_is_not_public(address: str) -> None:
    assert not is_public_address(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_what_is_everybodys_is_public(address: str) -> None:
    assert is_public_address(ip_address(address))


@pytest.mark.parametrize("also", ["8.8.8.8", ""])
def test_no_connection_is_made_into_a_private_network(
    monkeypatch: pytest.MonkeyPatch, also: str
) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443))
        for each in filter(None, [also, "127.0.0.1"])
    ]
    tried: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    monkeypatch.setattr(socket, "create_connection", lambda *args: tried.append(args))

    with pytest.raises(NotPublic):
        post("https://inside.example/", within=1)
    assert not tried


def test_it_is_looked_up_once_and_that_is_where_it_goes(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    look_up = socket.getaddrinfo

    def counted(host: object, *args: object, **kwargs: object) -> object:
        asked.append(host)
        return look_up(host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", counted)

    with closing(PublicConnection(URL)) as connection:
        assert connection.post(b"one", {}, within=5) == 204
        assert connection.post(b"two", {}, within=5) == 204
    # `create_connection` “looks up” the very address that was checked.
    assert asked == ["tool.example", "127.0.0.1"]
    assert (tool.bodies, tool.connections) == ([b"one", b"two"], 1)


def test_a_server_that_hangs_up_after_each_answer_is_called_again(tool: Tool) -> None:
    tool.hangs_up = True

    with closing(PublicConnection(URL)) as connection:
        for _ in range(5):
            assert connection.post(b"", {}, within=5) == 204
    assert len(tool.bodies) == tool.connections == 5


def test_one_that_hangs_up_at_once_is_called_once(tool: Tool) -> None:
    def hang_up() -> None:
        raise ConnectionError

    tool.before_answer = hang_up

    with pytest.raises(ConnectionError):
        post(within=5)
    assert len(tool.bodies) == 1


def test_a_redirect_is_not_followed(tool: Tool) -> None:
    tool.status, tool.location = 307, URL

    assert post(within=5) == 307
    assert len(tool.bodies) == 1


def test_no_proxy_of_the_environment_is_asked(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")

    assert post(within=5) == 204


def test_an_answer_that_drips_in_ends_in_time(tool: Tool) -> None:
    tool.drips = True
    begun = time.monotonic()

    with pytest.raises(TimeoutError):
        post(within=0.5)
    assert time.monotonic() - begun < 2


def test_a_certificate_of_nobody_is_refused(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "context", OURS)

    with pytest.raises(ssl.SSLCertVerificationError):
        post(within=5)
    assert not tool.bodies
