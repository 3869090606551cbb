"""Addresses: which of them other machines can reach, and which part of one identifies a client."""

from __future__ import annotations

import ipaddress
import socket

IPV6_NETWORK_BYTES = 8  # a household or a machine gets a /64, and may use any address of it


def is_public(host: str) -> bool:
    """Return whether other machines can reach what listens on `host`, an address or a name.

    In doubt it is public: an empty host means every address, and a name that does not resolve now may do so later.
    """
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError):
        return True
    return not addresses or not all(_is_loopback(str(address[0])) for *_, address in addresses)


def network(address: str) -> bytes:
    """Return what a client can hardly change of its address: all of IPv4, the first 64 bits of IPv6.

    What is no address, such as the peer of a Unix socket, is returned whole.
    """
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address.encode("utf-8", "surrogatepass")
    return str(parsed.ipv4_mapped).encode() if parsed.ipv4_mapped else parsed.packed[:IPV6_NETWORK_BYTES]


def _is_loopback(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback
