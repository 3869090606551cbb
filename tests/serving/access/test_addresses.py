from __future__ import annotations

import socket

import pytest

from serving.access.addresses import is_public, network

LOOPBACK = ("127.0.0.1", "127.8.9.10", "::1", "localhost")
PUBLIC = ("", "0.0.0.0", "::", "10.1.2.3", "192.168.1.5", "8.8.8.8", "2001:db8::1", "fe80::1", "::ffff:10.0.0.1")


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_not_public(host: str) -> None:
    assert not is_public(host)


@pytest.mark.parametrize("host", PUBLIC)
def test_everything_else_is_public(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a b", "x" * 70 + ".example", "\x00"])
def test_what_does_not_resolve_is_public(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize(
    ("addresses", "public"),
    [
        (("127.0.0.1", "::1"), False),
        (("127.0.0.1", "10.0.0.7"), True),
        (("10.0.0.7",), True),
        (("::ffff:127.0.0.1",), False),
        (("fe80::1%2",), True),
    ],
)
def test_a_name_is_public_when_one_of_its_addresses_is(
    addresses: tuple[str, ...], public: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(host: str, *_: object, **__: object) -> list[object]:
        assert host == "shop.example"
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, 0)) for one in addresses]

    monkeypatch.setattr("serving.access.addresses.socket.getaddrinfo", resolved)
    assert is_public("shop.example") is public


def test_a_network_is_an_ipv4_address_or_64_bits_of_ipv6() -> None:
    assert network("10.0.0.1") != network("10.0.0.2")
    assert network("2001:db8::1") == network("2001:db8::ffff:1")
    assert network("2001:db8:0:1::1") != network("2001:db8:0:2::1")
    assert network("::ffff:10.0.0.1") == network("10.0.0.1")


@pytest.mark.parametrize("odd", ["", "unix:", "a:b", "\ud800:", "\ud800", "/run/socket"])
def test_what_is_no_address_stands_for_itself(odd: str) -> None:
    assert network(odd) == odd.encode("utf-8", "surrogatepass")
