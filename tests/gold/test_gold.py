"""The goals that tagging must keep on the project's own labelled items."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
import yaml

from services.enrich.gazetteer import load
from tests.gold.score import FILES, HERE, KEPT_ASIDE, Result, scores

GOALS = {
    "relevance": (0.98, 0.98),
    "countries": (0.97, 0.97),
    "persons": (0.90, 0.90),
    "figures": (0.80, 0.80),
    "language": (0.97, 0.97),
    "missions": (0.95, 0.95),
    "roles": (0.90, 0.90),
    "organisations": (0.95, 0.95),
    "places": (0.95, 0.95),
}
# Measured, less a small margin; raise them with the tagger, never lower them to pass.
FLOORS = {
    "open.yaml": {
        "relevance": (0.98, 0.98),
        "countries": (0.98, 0.98),
        "persons": (0.96, 0.96),
        "figures": (0.92, 0.92),
        "language": (0.97, 0.97),
        "missions": (0.97, 0.97),
        "roles": (0.94, 0.94),
        "quotes": (0.90, 0.90),
        "personnel": (0.90, 0.93),
    },
    # Roles and figures are judged where an item was found relevant: their precision is of few tags until recall rises,
    # so it is what a threshold of nearly nothing gave.
    "open2.yaml": {
        "relevance": (0.97, 0.97),
        "countries": (0.98, 0.97),
        "persons": (0.90, 0.85),
        "figures": (0.90, 0.80),
        "personnel": (0.93, 0.82),
        "language": (0.98, 0.98),
        "missions": (0.97, 0.65),
        "roles": (0.67, 0.09),
    },
    "open4.yaml": {
        "relevance": (0.98, 0.95),
        "countries": (0.98, 0.96),
        "persons": (0.95, 0.90),
        "language": (0.98, 0.98),
        "missions": (0.98, 0.98),
        "roles": (0.92, 0.91),
        "organisations": (0.97, 0.97),
    },
    # Written for figures of personnel: before any tuning on it these had precision 0.73 and recall 0.58.
    "open3.yaml": {
        "relevance": (0.98, 0.93),
        "countries": (0.98, 0.98),
        "figures": (0.94, 0.91),
        "personnel": (0.94, 0.91),
        "roles": (0.96, 0.93),
    },
    "kept_aside.yaml": {
        "relevance": (0.97, 0.94),
        "countries": (0.97, 0.96),
        "persons": (0.94, 0.90),
        "figures": (0.76, 0.72),
        "personnel": (0.83, 0.75),
        "language": (0.97, 0.97),
        "missions": (0.97, 0.94),
        "roles": (0.90, 0.81),
        "quotes": (0.97, 0.70),
    },
}
THRESHOLDS = [
    (file, name, precision, recall)
    for file, limits in {"items.yaml": GOALS, **FLOORS}.items()
    for name, (precision, recall) in limits.items()
]


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return {path.name: scores([path]) for path in FILES}


@pytest.mark.parametrize(("file", "name", "precision", "recall"), THRESHOLDS)
def test_precision_and_recall_keep_their_goals(
    results: dict[str, Result], file: str, name: str, precision: float, recall: float
) -> None:
    count = results[file].classes[name]
    misses = "not shown: kept aside" if file in {path.name for path in KEPT_ASIDE} else "\n".join(results[file].misses)
    assert count.precision >= precision, f"{file}: {name} precision {count.precision:.3f}\n{misses}"
    assert count.recall >= recall, f"{file}: {name} recall {count.recall:.3f}\n{misses}"


def test_the_kept_aside_items_are_those_that_were_frozen() -> None:
    lines = (HERE / "kept_aside.sha256").read_text().splitlines()
    frozen = {name: checksum for checksum, name in map(str.split, lines)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in KEPT_ASIDE}
    assert found == frozen, "the kept-aside files are not to be changed"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_set_is_worth_scoring(path: Path) -> None:
    rows = yaml.safe_load(path.read_text())
    assert len(rows) >= 40
    assert sum(not row["relevant"] for row in rows) >= len(rows) / 3
    assert set(Counter(row["language"] for row in rows)) == {"en", "fr", "es", "pt", "sw", "ht"}


def test_every_item_has_an_id_of_its_own() -> None:
    ids = Counter(row["id"] for path in FILES for row in yaml.safe_load(path.read_text()))
    assert ids.most_common(1)[0][1] == 1


def test_the_open_and_the_kept_aside_items_are_comparable() -> None:
    open_, kept = (yaml.safe_load(path.read_text()) for path in (HERE / "open.yaml", KEPT_ASIDE[0]))
    assert Counter((row["language"], row["relevant"]) for row in open_) == Counter(
        (row["language"], row["relevant"]) for row in kept
    )


def test_every_later_item_says_what_was_read_for_it() -> None:
    assert all(row["read"] for path in FILES[1:] for row in yaml.safe_load(path.read_text()))


def test_the_items_name_sources_of_the_gazetteer() -> None:
    known = load().files.sources
    assert all(source in known for row in yaml.safe_load(FILES[0].read_text()) for source in row["read"])
