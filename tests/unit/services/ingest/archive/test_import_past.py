import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas import codec
from schemas.errors import Transient
from schemas.messages import RawItem
from services.feeds.rules import new_feed
from services.ingest.archive import import_past as module
from services.ingest.archive.archive_file import Form
from services.ingest.archive.archive_item import Task
from services.ingest.archive.checkpoint import Checkpoint, Counts
from services.ingest.archive.import_check import check
from services.ingest.archive.import_past import Importer
from services.ingest.pages.page_text import NotAnArticle, Page
from tests.unit.services.ingest.pages.article_pages import page

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
FEED = new_feed("import:archive", NOW, "archive")


class FakeWorld:
    """Pages by address, each a list of what is answered in turn; a broker that goes away after so many items."""

    def __init__(self, pages: dict[str, list[Page | NotAnArticle]] | None = None, away_after: int = 10**9) -> None:
        self.pages = pages or {}
        self.away_after = away_after
        self.sent: list[RawItem] = []

    def now(self) -> datetime:
        return NOW

    async def page(self, url: str) -> Page:
        answer = self.pages[url].pop(0)
        if isinstance(answer, NotAnArticle):
            raise answer
        return answer

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        if len(self.sent) >= self.away_after:
            raise Transient("broker away")
        self.sent += [codec.decode(value, RawItem) for _, value in records]


class Import:
    """A file and what came of importing it."""

    def __init__(
        self, folder: Path, name: str, text: str, form: Form, *, pages: bool = False, rate: float = 1e6
    ) -> None:
        self.file = folder / name
        self.file.write_text(text)
        self.task = Task(file=self.file, form=form, feed=FEED, pages=pages, rate=rate)
        self.said: list[str] = []
        self.slept: list[float] = []
        self.clock = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock += seconds

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.file, FEED.feed_id)

    async def run(self, world: FakeWorld, from_start: bool = False) -> Counts:
        importer = Importer(self.task, world, self.said.append, lambda: self.clock, self.sleep)
        return await importer.run(self.checkpoint, from_start)


def ndjson(*titles: str, **fields: Any) -> str:
    return "".join(
        json.dumps({"url": f"https://news.example/{title}", "title": title, "text": "Words."} | fields) + "\n"
        for title in titles
    )


async def test_articles_become_items_of_the_archive(tmp_path: Path) -> None:
    lines = ndjson("a", published_at="2023-10-02", outlet="The Example", language="fr", country="HT")
    done, world = Import(tmp_path, "a.ndjson", lines, "ndjson"), FakeWorld()
    counts = await done.run(world)
    [item] = world.sent
    assert (counts.items, counts.bad) == (1, 0)
    assert (item.origin, item.published_at, item.fetched_at) == ("import", datetime(2023, 10, 2, tzinfo=UTC), NOW)
    assert (item.feed_id, item.feed_title) == (FEED.feed_id, "The Example")
    assert (item.feed_language, item.outlet_country, item.text_source) == ("fr", "HT", "feed")
    assert not done.checkpoint.path.exists()


async def test_bad_lines_are_told_with_number_and_reason_and_the_others_imported(tmp_path: Path) -> None:
    lines = ndjson("a") + "nonsense\n" + ndjson("b") + ndjson("c", published_at="some day")
    done, world = Import(tmp_path, "a.ndjson", lines, "ndjson"), FakeWorld()
    counts = await done.run(world)
    assert [item.title for item in world.sent] == ["a", "b"]
    assert counts.bad == 2
    assert [line.removeprefix(str(done.file)) for line in done.said] == [
        ":2: not JSON: JSON is malformed: invalid character (byte 4)",
        ":4: published_at: not a date: 'some day'",
    ]


async def test_an_interrupted_import_goes_on_where_it_was(tmp_path: Path) -> None:
    done = Import(tmp_path, "a.ndjson", ndjson("a", "b") + "bad\n" + ndjson("c", "d"), "ndjson")
    with pytest.raises(Transient):
        await done.run(FakeWorld(away_after=3))
    assert done.checkpoint.path.exists()
    again = FakeWorld()
    counts = await done.run(again)
    assert [item.title for item in again.sent] == ["d"]
    assert (counts.items, counts.bad) == (4, 1)
    assert "going on at line 5" in done.said[-1]
    assert not done.checkpoint.path.exists()


@pytest.mark.parametrize("change", ["from the start", "changed file", "broken progress"])
async def test_where_progress_says_nothing_an_import_begins_anew(tmp_path: Path, change: str) -> None:
    done = Import(tmp_path, "a.ndjson", ndjson("a", "b", "c"), "ndjson")
    with pytest.raises(Transient):
        await done.run(FakeWorld(away_after=2))
    if change == "changed file":
        done.file.write_text(ndjson("new", "b", "c"))
    if change == "broken progress":
        done.checkpoint.path.write_text("{")
    world = FakeWorld()
    await done.run(world, from_start=change == "from the start")
    assert len(world.sent) == 3


async def test_imported_twice_an_article_is_the_same_item_with_the_same_content(tmp_path: Path) -> None:
    done, world = (
        Import(tmp_path, "a.ndjson", ndjson("a") + ndjson("a", url="https://www.news.example/a#x"), "ndjson"),
        FakeWorld(),
    )
    await done.run(world)
    await done.run(world)
    assert len({(item.item_id, item.content_hash) for item in world.sent}) == 1
    assert len(world.sent) == 4


async def test_no_more_than_the_rate(tmp_path: Path) -> None:
    done = Import(tmp_path, "a.ndjson", ndjson(*"abcdefghij"), "ndjson", rate=2.0)
    await done.run(FakeWorld())
    assert sum(done.slept) == pytest.approx(10 / 2, abs=2.0)
    assert done.clock >= 3.0


async def test_the_pages_of_addresses(tmp_path: Path) -> None:
    url = "https://news.example/{}".format
    found = page("All of it.\n", title="Found", published_at=NOW, published_raw="x", language="es", site="The Example")
    world = FakeWorld(
        {
            url("found"): [found],
            url("locked"): [page("A part.\n", title="Locked", withheld="paywall")],
            url("gone"): [NotAnArticle("http_404", "not there")],
            url("busy"): [NotAnArticle("http_503", "later"), page("At last.\n", title="Busy")],
            url("untitled"): [page("Words.\n", title="")],
        }
    )
    lines = "".join(f"{url(name)}\n" for name in ("found", "locked", "gone", "busy", "untitled"))
    done = Import(tmp_path, "a.txt", lines, "urls", pages=True)
    counts = await done.run(world)
    items = {item.title: item for item in world.sent}
    assert {title: (item.text, item.text_source) for title, item in items.items()} == {
        "Found": ("All of it.\n", "page"),
        "Locked": ("", "feed"),
        "Busy": ("At last.\n", "page"),
    }
    first = items["Found"]
    assert (first.published_at, first.feed_language, first.feed_title) == (NOW, "es", "The Example")
    assert module.AGAIN_S[0] in done.slept
    assert counts.pages == {"ok": 3, "paywalled": 1, "http_404": 1}
    assert [line.removeprefix(str(done.file)) for line in done.said] == [
        ":3: its page cannot be read: http_404: not there",
        ":5: its page cannot be read: it has no title",
    ]


async def test_with_pages_what_the_file_says_stays_and_a_missing_page_costs_nothing(tmp_path: Path) -> None:
    lines = ndjson("a", text="", published_at="2023-10-02") + ndjson("b", text="") + ndjson("c")
    done = Import(tmp_path, "a.ndjson", lines, "ndjson", pages=True)
    world = FakeWorld(
        {
            "https://news.example/a": [page("All of it.\n", title="Another title", published_at=NOW)],
            "https://news.example/b": [NotAnArticle("robots", "disallowed")],
        }
    )
    await done.run(world)
    items = {item.title: item for item in world.sent}
    assert (items["a"].text, items["a"].published_at) == ("All of it.\n", datetime(2023, 10, 2, tzinfo=UTC))
    assert (items["b"].text, items["c"].text) == ("", "Words.\n")


def test_a_dry_run_says_what_is_in_the_file(tmp_path: Path) -> None:
    lines = "url,title,date\nhttps://a.example/1,One,2023-10-02\nhttps://a.example/2,Two,2024-06-25\nx,y,\n"
    lines += "https://a.example/3,Three,\n"
    done = Import(tmp_path, "a.csv", lines, "csv")
    counts = check(done.task, done.said.append, NOW)
    assert (counts.items, counts.bad) == (3, 1)
    assert done.said[0] == f"{done.file}:4: url: not an http or https address: 'x'"
    assert done.said[1] == "the first: One | archive | https://a.example/1"
    assert done.said[2].endswith(
        "3 items, 1 bad lines, published 2023-10-02 to 2024-06-25, 1 without a date; nothing was sent"
    )
