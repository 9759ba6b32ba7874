# SPDX-License-Identifier: Apache-2.0
"""Where people may make this server connect to: public addresses, and hosts that the operator names.

A name is looked up once and the connection goes to that very address, so that a name that means something else a
moment later leads nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

from avlest.portal.options import get_options

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_LOW: Final = frozenset({80, 443})


class TargetError(ValueError):
    """An address that this server does not connect to, or that cannot be found; `code` says which."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


def find_target(host: str, port: int, *, low_ports: frozenset[int] = _LOW) -> str:
    """Return the IP address to connect to; `TargetError` where the host is not public or not found."""
    is_named = host.lower() in {each.lower() for each in get_options().private_hosts}
    if not is_named and port < 1024 and port not in low_ports:
        raise TargetError("port", f"port {port} is not used for this")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetError("not_found", f"no address is known for {host}") from error
    addresses = [str(each[4][0]) for each in found]
    if not is_named and not all(map(is_public, addresses)):
        raise TargetError("private", f"{host} is not on the public internet")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast and not ip.is_unspecified
