"""Addresses: which of them others can reach, and who stands behind one."""

from __future__ import annotations

import ipaddress
import socket

IPV6_NETWORK_BYTES = 8  # a household or a machine gets a /64, and may use any address of it


def is_public(host: str) -> bool:
    """Whether others than this machine can reach what listens on `host`: an address or a name.

    In doubt it is public: an empty host means every address, and a name that does not resolve now may do so later.
    """
    if not host:
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True
    return not all(_is_loopback(str(where[0])) for *_, where in found)


def network(address: str) -> bytes:
    """What a client can hardly change of its address: all of IPv4, the first 64 bits of IPv6.

    What is no address, such as the peer of a Unix socket, stands for itself.
    """
    if ":" not in address:
        return address.encode("utf-8", "surrogatepass")
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address.encode("utf-8", "surrogatepass")
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped).encode()
    return parsed.packed[:IPV6_NETWORK_BYTES]


def _is_loopback(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
