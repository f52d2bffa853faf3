"""Download of jars: jgo knows the repositories and their layout, httpx carries the bytes.

jgo can download as well, but opens two connections for each jar: 36 s for what takes 1 s through a few that stay open.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from deploy.local.errors import LocalStackError
from deploy.local.jars import file_name
from deploy.local.say import Say

CONNECTIONS = 8
CHUNK = 1 << 16  # bytes
PROGRESS_INTERVAL = 1.0  # seconds


def fetch(
    coordinates: Sequence[str],
    folder: Path,
    label: str,
    say: Say,
    arrived: Callable[[str, Path, str], None] = lambda coordinate, path, sha256: None,
) -> None:
    """Download jars into `folder`, telling `arrived` each coordinate, path and SHA-256 (hex) from a worker thread.

    coordinates: Maven's group:artifact:version[:classifier]. Raises LocalStackError when one cannot be had, and what
    `arrived` raises; the other downloads are then given up.
    """
    repositories, layout = _repositories()
    started = time.monotonic()
    sizes: list[int] = []

    def get(coordinate: str) -> None:
        path = folder / file_name(coordinate)
        sha256 = _download(client, [f"{url}/{layout(coordinate)}" for url in repositories], path)
        sizes.append(path.stat().st_size)
        arrived(coordinate, path, sha256)

    def progress() -> str:
        return f"{len(sizes)} of {len(coordinates)} jars, {sum(sizes) / 1e6:.0f} MB, {time.monotonic() - started:.1f} s"

    say(f"{label}: fetching {len(coordinates)} jars")
    with httpx.Client(timeout=30, follow_redirects=True) as client, ThreadPoolExecutor(CONNECTIONS) as pool:
        try:
            pending = {pool.submit(get, coordinate) for coordinate in coordinates}
            while pending:
                finished, pending = wait(pending, PROGRESS_INTERVAL, FIRST_EXCEPTION)
                for future in finished:
                    future.result()
                say(f"{label}: fetched {progress()}")
        except httpx.HTTPError as error:
            raise LocalStackError(f"{label}: cannot fetch its jars ({progress()}): {_reason(error)}") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _repositories() -> tuple[list[str], Callable[[str], str]]:
    """Return the addresses of the repositories (also those in the user's jgo.conf) and a jar's path inside one."""
    from jgo.config import GlobalSettings  # imported here: 0.4 s that a start from a full cache need not wait
    from jgo.maven import MavenContext

    context = MavenContext()
    context.remote_repos.update(GlobalSettings.load().repositories)

    def layout(coordinate: str) -> str:
        group, artifact, version, *classifier = coordinate.split(":")
        jar = context.project(group, artifact).at_version(version).artifact(*classifier)
        return f"{jar.component.path_prefix.as_posix()}/{jar.filename}"

    return list(context.remote_repos.values()), layout


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)


@retry(
    retry=retry_if_exception(_may_pass), stop=stop_after_attempt(4), wait=wait_random_exponential(max=8), reraise=True
)
def _download(client: httpx.Client, urls: Sequence[str], path: Path) -> str:
    """Write what the first of `urls` that has it serves to `path`; return its SHA-256."""
    for url in urls:
        sha256 = hashlib.sha256()
        with client.stream("GET", url) as response:
            if response.status_code == 404 and url != urls[-1]:
                continue
            response.raise_for_status()
            with path.open("wb") as file:
                for chunk in response.iter_bytes(CHUNK):
                    file.write(chunk)
                    sha256.update(chunk)
        break
    return sha256.hexdigest()


def _reason(error: httpx.HTTPError) -> str:
    return f"{error} ({type(error).__name__}). Is there a network, or a proxy to be set in HTTPS_PROXY?"
