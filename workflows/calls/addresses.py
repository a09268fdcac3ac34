"""Whom a rule may call: http(s) at public addresses, in whatever spelling, and internal ones that are allowed.

A name is looked up once, every address behind it is judged, and the call goes to one of those: a name that means
another address a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from dataclasses import dataclass
from urllib.parse import urlsplit

from crm.internal_hosts import Address, InternalHosts

MAX_URL = 2_000
UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\<>\"^`|\u2028\u2029]")
PORTS = {"http": 80, "https": 443}
EMBEDDED = tuple(ipaddress.ip_network(one) for one in ("::/96", "::ffff:0:0/96", "64:ff9b::/96"))
"""Networks of IPv6 whose last 32 bits are an address of IPv4."""
NEVER = tuple(ipaddress.ip_network(one) for one in ("fec0::/10", "64:ff9b:1::/48", "2001::/23", "2002::/16"))
LOOKUPS = ThreadPoolExecutor(8, thread_name_prefix="lookup")  # a look-up cannot be stopped, only left behind


class RefusedAddressError(Exception):
    """A rule may not call this address, now or later."""


@dataclass(frozen=True)
class Target:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int
    path: str


def read_url(text: object) -> Target | None:
    """Return where a URL leads; None for what is none, or names a user, or has signs that programs read differently.

    >>> read_url("https://Example.com./a?b=1")
    Target(scheme='https', host='example.com', port=443, path='/a?b=1')
    >>> read_url("https://me@example.com"), read_url("file:///etc/passwd")
    (None, None)
    """
    if not isinstance(text, str) or len(text) > MAX_URL or UNSAFE.search(text):
        return None
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        if parts.scheme not in PORTS or not host or "@" in parts.netloc or "%" in host:
            return None
        host = host if ":" in host else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host.lower(), PORTS[parts.scheme] if port is None else port, path)


def is_public(address: Address) -> bool:
    """Return whether an address is one of the public Internet; an address of IPv4 inside one of IPv6 is judged too.

    >>> [is_public(ipaddress.ip_address(one)) for one in ("8.8.8.8", "10.0.0.1", "::ffff:127.0.0.1", "2002:7f00:1::")]
    [True, False, False, False]
    """
    if address.version == 6:
        if any(address in network for network in EMBEDDED):
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if any(address in network for network in NEVER):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def look_up(target: Target, hosts: InternalHosts, seconds: float) -> list[tuple[int, tuple]]:
    """Return the families and socket addresses a target may be called at.

    Errors: RefusedAddressError when any of them is internal and not allowed; OSError when the name is unknown.
    """
    asked = LOOKUPS.submit(socket.getaddrinfo, target.host, target.port, type=socket.SOCK_STREAM)
    try:
        found = asked.result(max(seconds, 0))
    except TooLateError as error:
        raise TimeoutError("the name was not found in time") from error
    except UnicodeError as error:
        raise OSError("the name is not valid") from error
    for _family, _kind, _protocol, _name, where in found:
        address = ipaddress.ip_address(where[0].partition("%")[0])
        if not is_public(address) and not hosts.permits(target.host, target.port, address):
            raise RefusedAddressError(str(address))
    return [(family, where) for family, _kind, _protocol, _name, where in found]
