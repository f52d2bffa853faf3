"""The goals that tagging must keep on the project's own labelled items."""

from collections import Counter

import pytest
import yaml

from services.enrich.gazetteer import load
from tests.gold.score import HERE, Result, scores

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


@pytest.fixture(scope="module")
def result() -> Result:
    return scores([HERE / "items.yaml"])


@pytest.mark.parametrize("name", GOALS)
def test_precision_and_recall_keep_their_goals(result: Result, name: str) -> None:
    count = result.classes[name]
    precision, recall = GOALS[name]
    assert count.precision >= precision, "\n".join(result.misses)
    assert count.recall >= recall, "\n".join(result.misses)


def test_the_set_is_worth_scoring() -> None:
    rows = yaml.safe_load((HERE / "items.yaml").read_text())
    assert len({row["id"] for row in rows}) == len(rows) >= 40
    assert sum(not row["relevant"] for row in rows) >= len(rows) / 3
    assert set(Counter(row["language"] for row in rows)) == {"en", "fr", "es", "pt", "sw", "ht"}
    known = load().files.sources
    assert all(source in known for row in rows for source in row["read"])
