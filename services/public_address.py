"""Which URLs and addresses are public, so that what a stranger names may be asked for. Looks nothing up."""

import ipaddress
import re
import socket
from typing import Final

import httpx

PORTS: Final = frozenset({80, 443, 8080, 8443})
HOST_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?", re.IGNORECASE)
SCHEMES: Final = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beyond what is_global says (the registries of IANA, which differ a little between releases of Python), and by name.
# (network, why, source)
NEVER: Final = tuple(
    (ipaddress.ip_network(network), why)
    for network, why, _source in (
        ("0.0.0.0/8", "this network", "RFC 1122"),
        ("10.0.0.0/8", "private network", "RFC 1918"),
        ("100.64.0.0/10", "shared address space of carriers", "RFC 6598"),
        ("127.0.0.0/8", "loopback", "RFC 1122"),
        ("168.63.129.16/32", "metadata service of a cloud, on a public address", "Azure documentation, WireServer"),
        ("169.254.0.0/16", "link-local, metadata services of clouds", "RFC 3927"),
        ("172.16.0.0/12", "private network", "RFC 1918"),
        ("192.0.0.0/24", "protocol assignments", "RFC 6890"),
        ("192.88.99.0/24", "6to4 relay", "RFC 7526"),
        ("192.168.0.0/16", "private network", "RFC 1918"),
        ("240.0.0.0/4", "reserved", "RFC 1112"),
        ("::/128", "unspecified", "RFC 4291"),
        ("::1/128", "loopback", "RFC 4291"),
        ("::/96", "IPv4-compatible, deprecated", "RFC 4291"),
        ("::ffff:0:0/96", "IPv4-mapped", "RFC 4291"),
        ("::ffff:0:0:0/96", "IPv4-translated", "RFC 2765"),
        ("64:ff9b::/96", "NAT64", "RFC 6052"),
        ("64:ff9b:1::/48", "NAT64, local use", "RFC 8215"),
        ("100::/64", "discard only", "RFC 6666"),
        ("100:0:0:1::/64", "dummy prefix", "RFC 9780"),
        ("2001::/32", "Teredo", "RFC 4380"),
        ("2002::/16", "6to4", "RFC 3056"),
        ("3fff::/20", "documentation", "RFC 9637"),
        ("5f00::/16", "segment routing", "RFC 9602"),
        ("fc00::/7", "private network", "RFC 4193"),
        ("fe80::/10", "link-local", "RFC 4291"),
        ("fec0::/10", "site-local, deprecated", "RFC 3879"),
    )
)

# Names that lead inside without saying an address: told without a look-up. (domain, why, source)
INNER_NAMES: Final = (
    ("localhost", "loopback", "RFC 6761"),
    ("local", "the local link (mDNS)", "RFC 6762"),
    ("internal", "private networks, metadata services of clouds", "ICANN resolution 2024.07.29.06"),
    ("home.arpa", "home networks", "RFC 8375"),
)


class Blocked(Exception):
    """The URL, or the address that it leads to, is not allowed. `reason` is a slug for counting; the text says more."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def check_url(url: str | httpx.URL, allowed: frozenset[str]) -> str:
    """Raise Blocked for what can be told without a look-up: scheme, credentials, port, an address that is not public.

    Returns why it is let through, in words; a name is only as good as the addresses that it leads to.
    allowed: hosts (host or host:port, exact) that are let through, the scheme and the credentials checked all the same.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise Blocked("invalid_url", f"not a URL: {error}") from error
    if parsed.scheme not in SCHEMES:
        raise Blocked("scheme", f"{parsed.scheme or 'no scheme'}: only http and https are allowed")
    if not parsed.host:
        raise Blocked("invalid_url", "the URL names no host")
    if parsed.userinfo:
        raise Blocked("credentials", "credentials in a URL are not allowed, they end up in logs")
    host, port = parsed.raw_host.decode("ascii"), parsed.port or SCHEMES[parsed.scheme]
    if is_allowed(host, port, allowed):
        return "in NEWS_ALLOWED_HOSTS"
    literal = _literal(host)
    if literal is None and not HOST_NAME.fullmatch(host):
        raise Blocked("invalid_url", f"{host!r} is not a host name")
    if port not in PORTS:
        raise Blocked("port", f"port {port} is not allowed (NEWS_ALLOWED_HOSTS={host}:{port} would allow it)")
    if literal is not None:
        check_address(literal, host)
        return "a public address"
    inner = next((why for domain, why, _source in INNER_NAMES if f".{host.rstrip('.')}".endswith(f".{domain}")), None)
    if inner is not None:
        raise Blocked("address", f"{host} is not a public address: {inner} (NEWS_ALLOWED_HOSTS={host} would allow it)")
    return "a name whose addresses are checked when it is connected to"


def check_address(address: Address, host: str) -> None:
    """Raise Blocked unless the address is a public unicast one. `host` is the name that led to it."""
    why = next((why for network, why in NEVER if address in network), None)
    if why is None and (address.is_multicast or not address.is_global):
        why = "multicast" if address.is_multicast else "not globally routable"
    if why is not None:
        leads = f"{host} is" if host == str(address) else f"{host} leads to {address}, which is"
        raise Blocked("address", f"{leads} not a public address: {why} (NEWS_ALLOWED_HOSTS={host} would allow it)")


def _literal(host: str) -> Address | None:
    """The address that the host is without a look-up: also 127.1, 0x7f.1, 017700000001 and 2130706433 are one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, ValueError):
        return None


def is_allowed(host: str, port: int, allowed: frozenset[str]) -> bool:
    """Whether the setting lets this host through, with this port or with any."""
    name = f"[{host}]" if ":" in host else host
    return not allowed.isdisjoint((host, name, f"{name}:{port}"))
