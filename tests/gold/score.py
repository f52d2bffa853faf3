"""Precision, recall and F1 of the tagger on labelled items."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from schemas.identity import content_hash, digest
from schemas.messages import RawItem
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger
from tests.gold.labels import CLASSES, Labels, Tag, labelled, tagged

HERE = Path(__file__).resolve().parent
KEPT_ASIDE = (HERE / "kept_aside.yaml", HERE / "kept_aside2.yaml")
OPEN = ("items.yaml", "open.yaml", "open2.yaml", "open3.yaml", "open4.yaml")
FILES = (*(HERE / name for name in OPEN), *KEPT_ASIDE)


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
    misses: list[str] = field(default_factory=list, repr=False)  # a failing test is not to show the kept-aside ones


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
                compare(result, row["id"], name, wanted[name], given[name])
    return result


def compare(result: Result, item: str, name: str, labels: Labels, given: Sequence[Tag]) -> None:
    """Count one class of one item: a label is met by any tag that it accepts; a tag beyond the labels is wrong.

    A second tag that meets the same label (a name found twice) is neither right nor wrong.
    """
    count = result.classes[name]
    met = [any(label & tag for tag in given) for label in labels.wanted]
    missed = [label for label, is_met in zip(labels.wanted, met, strict=True) if not is_met]
    wrong = [tag for tag in given if not (tag & labels.optional or any(tag & label for label in labels.wanted))]
    count.right += sum(met)
    count.missed += len(missed)
    result.misses += [f"{item:<28} {name:<14} missed  {_shown(label)}" for label in missed]
    if labels.judged:
        count.wrong += len(wrong)
        result.misses += [f"{item:<28} {name:<14} wrong   {_shown(tag)}" for tag in wrong]


def _shown(tag: Tag) -> str:
    full = [value for value in tag if isinstance(value, tuple)] or list(tag)
    return " | ".join(sorted(map(str, full)))


def raw_item(row: dict[str, Any]) -> RawItem:
    """The item as a feed would have given it, the feed's language left out: it is to be found."""
    title, summary, text = row["title"], row.get("summary", ""), row["text"]
    return RawItem(
        item_id=digest("gold", row["id"]),
        revision=1,
        feed_id="gold",
        feed_title="Gold",
        url=None,
        canonical_url=None,
        entry_id=row["id"],
        title=title,
        summary=summary,
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
        content_hash=content_hash(title, summary, text, None),
        trace_id=digest("trace", row["id"]),
    )
