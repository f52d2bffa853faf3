"""Before the first write: are the indices as this version writes them? Mappings are strict, and refuse what is new."""

from collections.abc import Awaitable, Callable, Sequence

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from schemas.errors import Transient
from services.engine import Engine
from services.index import indices
from services.telemetry import Progress, logger

log = logger(__name__)


async def until(ready: Callable[[], Awaitable[None]], progress: Progress) -> None:
    """Return once `ready` raises Transient no more, and say meanwhile what it waits for."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(Transient), wait=wait_exponential_jitter(multiplier=0.5, max=15)
    ):
        with attempt:
            try:
                await ready()
            except Transient as error:
                log.warning("indices are not ready, waiting", error=str(error))
                progress.waiting("the indices")
                raise


async def check(engine: Engine, names: Sequence[str]) -> None:
    """Raise Transient where an index is missing, or lacks a field that this version writes: set-up can be run any time.

    To write all the same would make dead letters of what the older index refuses.
    """
    for name in names:
        behind = await engine.indices_named(name)
        if not behind or name in behind:
            raise Transient(f"there is no index behind the alias {name}: run `python -m services.index setup`")
        wanted = indices.definition(name).mappings["properties"]
        for physical, found in behind.items():
            _, missing = indices.lacking(wanted, found["mappings"].get("properties", {}))
            if missing:
                raise Transient(f"{physical} lacks {', '.join(missing)}: run `python -m services.index setup --update`")
