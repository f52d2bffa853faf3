"""A process that would be refused waits, and says what to run."""

import asyncio
from typing import Any, cast

import pytest

from schemas.errors import Transient
from services.engine import Engine
from services.index import readiness
from services.index.indices import NEWS, definition
from services.telemetry import Progress


class OfIndices:
    """An engine that has these fields in an index behind the alias, or no index."""

    def __init__(self, fields: dict[str, Any] | None) -> None:
        self.fields = fields

    async def indices_named(self, name: str) -> dict[str, dict[str, Any]]:
        if self.fields is None:
            return {}
        return {f"{name}-000001": {"mappings": {"properties": self.fields}}}


FIELDS = definition(NEWS).mappings["properties"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (None, "no index behind the alias news: run `python -m services.index setup`"),
        ({name: FIELDS[name] for name in FIELDS if name != "stems"}, "news-000001 lacks stems: run .* --update"),
        (FIELDS | {"stems": {"properties": {}}}, "lacks stems.en, stems.es"),
    ],
)
async def test_an_index_of_an_earlier_version_is_not_written_to(fields: dict[str, Any] | None, says: str) -> None:
    with pytest.raises(Transient, match=says):
        await readiness.check(cast(Engine, OfIndices(fields)), [NEWS])


async def test_one_with_more_fields_than_are_written_will_do() -> None:
    await readiness.check(cast(Engine, OfIndices(FIELDS | {"of_a_later_version": {"type": "keyword"}})), [NEWS])


async def test_it_waits_until_set_up_was_run_and_is_not_ready_meanwhile() -> None:
    progress, engine = Progress(1.0), OfIndices(None)
    seen: list[bool] = []

    async def ready() -> None:
        seen.append(progress.ready()[0])
        if len(seen) == 2:
            engine.fields = FIELDS
        await readiness.check(cast(Engine, engine), [NEWS])

    async with asyncio.timeout(30):
        await readiness.until(ready, progress)
    assert len(seen) == 2
    assert not seen[1]
