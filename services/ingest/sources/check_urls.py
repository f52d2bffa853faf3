"""`check-url URL...`: would the guard let these be fetched? Connects to nothing, and asks DNS only when told to."""

import asyncio
import re
from collections.abc import Sequence

import httpcore
import httpx

from services import guarded_http, settings
from services.guarded_http import Blocked
from services.public_address import SCHEMES, is_allowed

BLOCKED = 1  # exit status
LOOKUP_S = 10.0

_USERINFO = re.compile(r"(?<=//)[^/?#]*@")


async def check_urls(urls: Sequence[str], resolve: bool) -> int:
    """Print `allowed` or `blocked` with the reason for each, and return the exit status: 1 when any is blocked."""
    allowed_hosts, status = settings.Outbound().allowed_hosts, 0
    for url in urls:
        shown = _USERINFO.sub("...@", url)  # no secret on the screen
        try:
            reason = guarded_http.check_url(url, allowed_hosts)
            if resolve:
                reason = await _addresses(httpx.URL(url), allowed_hosts)
        except Blocked as refusal:
            status = BLOCKED
            print(f"blocked  {shown}  {refusal.reason}: {refusal}")
        else:
            print(f"allowed  {shown}  {reason}")
    return status


async def _addresses(url: httpx.URL, allowed_hosts: frozenset[str]) -> str:
    """The addresses that the host leads to now, in words. Raises Blocked."""
    host, port = url.raw_host.decode("ascii"), url.port or SCHEMES[url.scheme]
    try:
        addresses = await guarded_http.resolve(host, port, LOOKUP_S)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise Blocked("unresolved", f"no address is known for it: {error}") from error
    listed = is_allowed(host, port, allowed_hosts)
    for address in addresses if not listed else ():
        guarded_http.check_address(address, host)
    found = ", ".join(map(str, addresses))
    return f"in NEWS_ALLOWED_HOSTS ({found})" if listed else f"leads to {found}"


def main(urls: Sequence[str], resolve: bool) -> int:
    """Run the command."""
    return asyncio.run(check_urls(urls, resolve))
