"""What an item takes in the search engine: `python -m bench.index_size`."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from bench import texts
from schemas.messages import EnrichedItem
from services import engine, settings
from services.engine import Engine
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger
from services.index import figures, indices, merge

AT_ONCE = 200
NAMES = {indices.NEWS: "bench-news", indices.FIGURES: "bench-news-figures"}
# what is left out of each item, to see what it takes
WITHOUT: dict[str, tuple[str, ...]] = {
    "as it is written": (),
    "without stems": ("stems",),
    "without evidence": ("evidence",),
    "without stems, evidence, sources, history": ("stems", "evidence", "sources", "history"),
}
EXAMPLES = """\
examples:
  python -m bench.index_size                3,000 generated items, in the engine of NEWS_ELASTICSEARCH_URL
  python -m bench.index_size --items 10000

Two indices of its own are made and deleted. `python -m deploy.local up` starts an engine.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each form, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.index_size",
        description="Bytes of an item in the index, and of a figure.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--items", type=int, default=3_000, metavar="N", help="default 3,000; one of ten is relevant")
    asyncio.run(_measure(parser.parse_args(arguments).items))
    return 0


def _tagged(number: int) -> list[EnrichedItem]:
    tag = Tagger(load()).tag
    return [tag(raw) for raw in texts.items(number, relevant_of_ten=1)]


async def _measure(number: int) -> None:
    sys.stderr.write(f"tagging {number:,} items\n")
    now = datetime.now(UTC)
    items = [merge.to_stored(merge.merge(None, item), now) for item in _tagged(number)]
    rows = [row for item in items for row in figures.documents(item)]
    text = sum(len(item["text"].encode()) for item in items) / len(items)
    print(f"{len(items):,} items of {text:,.0f} bytes of text; {len(rows):,} figures of relevant ones")
    async with engine.connect() as connected:
        for label, names in WITHOUT.items():
            kept = ({key: value for key, value in item.items() if key not in names} for item in items)
            await _print(connected, indices.NEWS, label, kept)
        await _print(connected, indices.FIGURES, "figures", iter(rows))


async def _print(connected: Engine, name: str, label: str, documents: Iterator[dict[str, Any]]) -> None:
    """The size of an index of these documents, merged to one segment: as it will be once it is left alone."""
    index, client = NAMES[name], connected.client
    wanted = indices.template(name, settings.Index(index_shards=1, index_replicas=0))["template"]
    await client.options(ignore_status=404).indices.delete(index=index)
    await client.indices.create(index=index, **wanted)
    try:
        sent, count = 0, 0
        lines: list[bytes] = []
        for document in documents:
            encoded = msgspec.json.encode(document)
            sent, count = sent + len(encoded), count + 1
            lines += [b'{"index":{}}', encoded]
            if len(lines) >= 2 * AT_ONCE:
                await _bulk(connected, index, lines)
                lines = []
        if lines:
            await _bulk(connected, index, lines)
        await client.indices.forcemerge(index=index, max_num_segments=1)
        await client.indices.refresh(index=index)
        stats = await client.indices.stats(index=index, metric="store")
        size = stats["_all"]["primaries"]["store"]["size_in_bytes"]
        if count:
            print(f"{label}: {size / count:,.0f} bytes each in the index, {sent / count:,.0f} as JSON")
    finally:
        await client.options(ignore_status=404).indices.delete(index=index)


async def _bulk(connected: Engine, index: str, lines: list[bytes]) -> None:
    operations: Any = lines
    answer = await connected.client.bulk(index=index, operations=operations)
    if answer["errors"]:
        raise SystemExit(f"the engine refused a document: {answer['items'][0]}")


if __name__ == "__main__":
    sys.exit(main())
