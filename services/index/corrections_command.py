"""`corrections export > corrected.yaml`: what people corrected, as labelled items, counted on stderr."""

import asyncio
import sys
from datetime import datetime
from typing import Any, TextIO

from schemas.errors import Invalid, Transient
from services import engine, telemetry
from services.engine import Engine
from services.index import corrections, gold_labels, merge
from services.index.indices import NEWS

FAILED = 1  # the file is incomplete
PAGE = 100
HEAD = "# Items that people corrected. What a person said is a label, what only the tagger said is optional.\n"


def main(since: datetime | None) -> int:
    """Run the command and return the exit status."""
    telemetry.start("index-corrections")
    try:
        return asyncio.run(_run(since))
    except (Invalid, Transient) as error:
        sys.stderr.write(f"the file is incomplete, run it again: {error}\n")
        return FAILED


async def _run(since: datetime | None) -> int:
    async with engine.connect() as connected:
        count = await export(connected, since, sys.stdout)
    sys.stderr.write(f"{count:,} corrected items written\n")
    return 0


async def export(connected: Engine, since: datetime | None, out: TextIO) -> int:
    """Write the items of which a correction counts that was made since then. Raises Invalid, Transient."""
    await connected.refresh(NEWS)
    body: dict[str, Any] = {
        "size": PAGE,
        "query": {"term": {"corrected": True}},
        "sort": [{"item_id": "asc"}],
        "track_total_hits": False,
    }
    count = 0
    out.write(HEAD)
    async with connected.point_in_time(NEWS) as snapshot:
        while hits := (await snapshot.search(body))["hits"]["hits"]:
            for hit in hits:
                document = merge.from_stored(hit["_source"])
                if since is None or corrections.active(document.corrections)[-1].at >= since:
                    out.write(gold_labels.written(document))
                    count += 1
            sys.stderr.write(f"{count:,} items\n")
            body["search_after"] = hits[-1]["sort"]
    if not count:
        out.write("[]\n")
    return count
