"""An import on the real broker: interrupted, it goes on; what arrives is what the file says, and of the archive."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas import identity
from services.ingest.archive.checkpoint import ENDING
from tests.conftest import ROOT, Servers
from tests.eventually import eventually
from tests.integration.ingesting import RawItems, raw_items

ITEMS = 300
FEED_ID = identity.feed_id("import:Old news")


@pytest.fixture
async def raw(stack: Servers) -> AsyncIterator[RawItems]:
    async with raw_items(stack.bootstrap_servers) as items:
        yield items


def run_import(file: Path, stack: Servers, rate: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "services.ingest", "import", str(file), "--feed", "Old news", "--rate", str(rate)]
    environment = {**os.environ, **stack.environment}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def test_an_import_that_is_interrupted_goes_on_and_loses_nothing(
    stack: Servers, raw: RawItems, tmp_path: Path
) -> None:
    file = tmp_path / "old.ndjson"
    lines = [
        json.dumps({"url": f"https://old.example/{number}", "title": f"Old {number}", "date": "2023-10-02"})
        for number in range(ITEMS)
    ]
    file.write_text("\n".join([lines[0], "no JSON", *lines[1:]]) + "\n")

    def in_folder() -> list[str]:
        return sorted(path.name for path in tmp_path.iterdir())

    first = run_import(file, stack, rate=4)  # with pauses in which what arrived can be looked at
    await eventually("a few items", lambda: _some(raw), within_s=60)
    first.send_signal(signal.SIGTERM)  # SIGINT is ignored by what a shell started in the background
    _, said = first.communicate(timeout=30)
    assert first.returncode == 130, said
    before = len(await raw.of(FEED_ID))
    assert before < ITEMS
    assert in_folder() == ["old.ndjson", f"old.ndjson{ENDING}"]

    second = run_import(file, stack, rate=2_000)
    out, said = second.communicate(timeout=90)
    assert second.returncode == 3, said  # the bad line counts, whichever run met it
    assert "going on at line" in said
    assert out == f"{file}: {ITEMS} items, 1 bad lines to news.raw as 'Old news'\n"
    assert in_folder() == ["old.ndjson"]

    found = await raw.of(FEED_ID)
    assert {item.title for item in found} == {f"Old {number}" for number in range(ITEMS)}
    assert {(item.origin, item.feed_title, str(item.published_at)) for item in found} == {
        ("import", "Old news", "2023-10-02 00:00:00+00:00")
    }
    assert len(found) < 2 * ITEMS  # it went on, it did not begin anew


async def _some(raw: RawItems) -> bool:
    return len(await raw.of(FEED_ID)) >= 3
