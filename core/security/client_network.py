"""The network that a request comes from: never a single address, only the block that a
provider gives to many people at once."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# The prefix length of what one subscriber, office or mobile network shares.
PREFIX = {4: 24, 6: 48}


def network_of(request: HttpRequest) -> Network | None:
    """Return the visitor's /24 (IPv4) or /48 (IPv6). None when no trusted source names
    an address, or when it is not a public one: then nothing tells visitors apart."""
    address = client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted_proxies(tuple(settings.TRUSTED_PROXIES)),
    )
    if address is None or not address.is_global:
        return None
    return block_of(address)


def block_of(address: Address) -> Network:
    """Return the /24 or /48 around `address`. It is built from integers because every
    form waits for it, and building it from an address and a prefix takes twice as long.
    """
    prefix = PREFIX[address.version]
    hosts = address.max_prefixlen - prefix
    first = int(address) >> hosts << hosts
    if address.version == 4:
        return ipaddress.IPv4Network((first, prefix))
    return ipaddress.IPv6Network((first, prefix))


def client_address(
    peer: str, forwarded: str, trusted: tuple[Network, ...]
) -> Address | None:
    """Return the address that a request came from, as far as it can be trusted; None
    when the `peer` has no address.

    Each proxy appends the address it talked to on the right of X-Forwarded-For
    (`forwarded`). So it is read from the right, beginning with the `peer` of our own
    server, for as long as the speaker is a declared proxy; anybody may have made up
    what stands further left.
    """
    client = parse_address(peer)
    if client is None:
        return None
    for said in reversed(forwarded.split(",")):
        if not any(client in network for network in trusted):
            break
        before = parse_address(said)
        if before is None:
            break
        client = before
    return client


def parse_address(text: str) -> Address | None:
    """Parse an address as proxies write it: 192.0.2.1, 192.0.2.1:443,
    [2001:db8::1]:443, ::ffff:192.0.2.1; return None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=8)
def trusted_proxies(declared: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(map(parse_network, declared))


def parse_network(text: str) -> Network:
    """Parse an address or network; raise ValueError for anything else. ::ffff:192.0.2.1
    is the 192.0.2.1 that it stands for, as in `parse_address`."""
    network = ipaddress.ip_network(text)
    first = network.network_address
    if isinstance(first, ipaddress.IPv6Address) and first.ipv4_mapped:
        prefix = max(0, network.prefixlen - 96)
        return ipaddress.IPv4Network((int(first.ipv4_mapped), prefix))
    return network
