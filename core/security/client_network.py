"""From which network a request comes: never an address, only the block that a provider
gives to many people at once."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# What one subscriber, office or mobile network shares.
PREFIX = {4: 24, 6: 48}


def network_of(request: HttpRequest) -> Network | None:
    """The /24 or /48 of the visitor; None when nobody trustworthy says, or when it is
    not an address of the internet: then there is nothing to tell visitors apart by."""
    address = client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted_proxies(tuple(settings.TRUSTED_PROXIES)),
    )
    if address is None or not address.is_global:
        return None
    return block_of(address)


def block_of(address: Address) -> Network:
    """The /24 or /48 around it. Made of a number: every form waits for it, and making
    it of an address and a length takes twice as long."""
    prefix = PREFIX[address.version]
    hosts = address.max_prefixlen - prefix
    first = int(address) >> hosts << hosts
    if address.version == 4:
        return ipaddress.IPv4Network((first, prefix))
    return ipaddress.IPv6Network((first, prefix))


def client_address(
    peer: str, forwarded: str, trusted: tuple[Network, ...]
) -> Address | None:
    """The address that a request came from, as far as it can be believed.

    Each proxy adds, on the right of X-Forwarded-For (`forwarded`), whom it talked to.
    So it is read from the right, beginning with the `peer` of our own server, for as
    long as the speaker is a declared proxy; what stands further left anybody may have
    made up.
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
    """An address as proxies write it: 192.0.2.1, 192.0.2.1:443, [2001:db8::1]:443,
    ::ffff:192.0.2.1; None for anything else."""
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
    return tuple(ipaddress.ip_network(network) for network in declared)
