"""Precision, recall and F1 of the tagger on labelled items."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from schemas.identity import content_hash, digest
from schemas.messages import EnrichedItem, RawItem
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger

HERE = Path(__file__).parent
CLASSES = (
    "language", "relevance", "missions", "countries", "roles", "persons", "organisations", "places", "gangs", "figures",
)  # fmt: skip


@dataclass
class Count:
    """Tags that were right, wrong (given, not labelled) and missed (labelled, not given)."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass
class Result:
    """Counts by class, and a line for every miss."""

    items: int = 0
    negatives: int = 0
    classes: dict[str, Count] = field(default_factory=lambda: {name: Count() for name in CLASSES})
    misses: list[str] = field(default_factory=list)


def scores(files: Sequence[Path]) -> Result:
    """Tag every item of the files and compare."""
    tagger = Tagger(load())
    result = Result()
    for path in files:
        for row in yaml.safe_load(path.read_text()):
            result.items += 1
            result.negatives += not row["relevant"]
            wanted, given = labelled(row), tagged(tagger.tag(raw_item(row)))
            for name in CLASSES:
                _count(result, row["id"], name, wanted[name], given[name])
    return result


def labelled(row: dict[str, Any]) -> dict[str, set[Any]]:
    """What the labels of an item say, by class."""
    sets: dict[str, set[Any]] = {
        name: set(row.get(name, ())) for name in ("missions", "persons", "organisations", "places", "gangs")
    }
    return sets | {
        "language": {row["language"]},
        "relevance": {"relevant"} if row["relevant"] else set(),
        "countries": set(row["countries"]),
        "roles": set(row["countries"].items()) if row["relevant"] else set(),
        "figures": {tuple(figure) for figure in row.get("figures", ())},
    }


def tagged(item: EnrichedItem) -> dict[str, set[Any]]:
    """What the tagger says of an item, by class."""
    sets: dict[str, set[Any]] = {
        kind + "s": {entity.id or entity.name for entity in item.entities if entity.type == kind}
        for kind in ("person", "organisation", "place", "gang")
    }
    return sets | {
        "language": {item.language},
        "relevance": {"relevant"} if item.relevant else set(),
        "missions": set(item.missions),
        "countries": {country.code for country in item.countries},
        "roles": {(country.code, country.role) for country in item.countries} if item.relevant else set(),
        "figures": {(figure.kind, figure.value, figure.unit, figure.country) for figure in item.figures},
    }


def _count(result: Result, item: str, name: str, wanted: set[Any], given: set[Any]) -> None:
    count = result.classes[name]
    count.right += len(wanted & given)
    count.wrong += len(given - wanted)
    count.missed += len(wanted - given)
    for tag in sorted(given - wanted, key=str):
        result.misses.append(f"{item:<28} {name:<14} wrong   {tag}")
    for tag in sorted(wanted - given, key=str):
        result.misses.append(f"{item:<28} {name:<14} missed  {tag}")


def raw_item(row: dict[str, Any]) -> RawItem:
    """The item as a feed would have given it, the feed's language left out: it is to be found."""
    text = row["text"]
    return RawItem(
        item_id=digest("gold", row["id"]),
        revision=1,
        feed_id="gold",
        feed_title="Gold",
        url=None,
        canonical_url=None,
        entry_id=row["id"],
        title=row["title"],
        summary=row.get("summary", ""),
        text=text,
        text_source="feed",
        text_truncated=False,
        authors=row.get("authors", []),
        image_url=None,
        feed_language=None,
        outlet_country=None,
        published_at=None,
        published_raw=None,
        fetched_at=datetime(2026, 1, 2, tzinfo=UTC),
        origin="live",
        content_hash=content_hash(row["title"], "", text, None),
        trace_id=digest("trace", row["id"]),
    )
