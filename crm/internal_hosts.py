"""The internal hosts that rules may call, as the setting names them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOST_AND_PORT = re.compile(r"\[([^\]]+)\](?::(\d{1,5}))?\Z|([^:]+)(?::(\d{1,5}))?\Z|([0-9A-Fa-f:./]+)\Z")
NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z")


@dataclass(frozen=True)
class InternalHosts:
    """Names and networks, each with a port or with any (0)."""

    names: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[tuple[Network, int], ...] = ()

    @classmethod
    def read(cls, words: Iterable[str]) -> InternalHosts:
        """Return what some words mean: `erp.internal`, `10.1.0.0/16`, `127.0.0.1:9000`, `[::1]:9000`.

        Errors: ValueError.
        """
        names, networks = set(), []
        for word in words:
            host, port = _host_and_port(word.strip())
            try:
                networks.append((ipaddress.ip_network(host, strict=False), port))
            except ValueError:
                if not NAME.match(host):
                    raise
                names.add((host.lower(), port))
        return cls(frozenset(names), tuple(networks))

    def permits(self, host: str, port: int, address: Address) -> bool:
        """Return whether a host may be called at an address although it is internal.

        >>> InternalHosts.read(["10.0.0.0/8:443"]).permits("erp", 443, ipaddress.ip_address("10.2.3.4"))
        True
        """
        if {(host, 0), (host, port)} & self.names:
            return True
        return any(
            address.version == network.version and address in network and known in (0, port)
            for network, known in self.networks
        )


def _host_and_port(word: str) -> tuple[str, int]:
    found = HOST_AND_PORT.match(word)
    if found is None:
        raise ValueError(word)
    port = int(found[2] or found[4] or 0)
    if port > 65_535:
        raise ValueError(word)
    return found[1] or found[3] or found[5], port
