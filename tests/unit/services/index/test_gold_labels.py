"""What people corrected, as labels: the corrected item meets them, and what the tagger said before does not."""

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import EnrichedItem
from services.index import gold_labels, merge
from services.index.corrections import Change, Correction, CountryTag, EntityTag, FigureTag, Relevance
from tests.gold.labels import CLASSES, labelled, tagged
from tests.gold.score import Result, compare, raw_item
from tests.unit.services.index.enriched import enriched
from tests.unit.services.index.test_corrections import correction, document, made


def misses(row: dict[str, Any], item: EnrichedItem) -> list[str]:
    result, wanted, given_tags = Result(), labelled(row), tagged(item)
    for name in CLASSES:
        compare(result, "item", name, wanted[name], given_tags[name])
    return [" ".join(line.split()[1:]) for line in result.misses]


def rows(*changes: Change) -> list[dict[str, Any]]:
    said = [correction(change, str(number), number) for number, change in enumerate(changes)]
    loaded: list[dict[str, Any]] = yaml.safe_load(gold_labels.written(document([enriched(), *said])))
    return loaded


@given(st.lists(made, max_size=6), st.booleans())
def test_a_corrected_item_meets_its_own_labels_through_yaml(changed: list[Correction], relevant: bool) -> None:
    found = document([enriched(relevant=relevant), *changed])
    [row] = yaml.safe_load(gold_labels.written(found))
    assert misses(row, merge.shown(found)) == []
    assert raw_item(row).text == enriched().text


def test_what_only_the_tagger_said_is_neither_right_nor_wrong() -> None:
    [row] = rows(CountryTag(code="KE", role="lead"))
    assert row["countries"] == {"KE": "lead"}
    assert row["optional"] == {"countries": ["HT"], "missions": ["mss"], "persons": ["Made Up"], "figures": [200]}
    untagged = enriched(missions=[], entities=[], figures=[], countries=enriched().countries[1:])
    assert misses(row, untagged) == ["roles missed ('KE', 'lead')", "roles wrong ('KE', 'contributor')"]


def test_what_was_taken_away_must_not_come_back() -> None:
    [row] = rows(
        CountryTag(code="KE", role=None),
        EntityTag(id="place/port-au-prince", type="place", name="Port-au-Prince", remove=True),
        FigureTag(kind="arrived", value=200, unit="personnel", country="KE", remove=True),
    )
    assert "KE" in str(misses(row, enriched()))
    assert {line.split()[0] for line in misses(row, enriched())} == {
        *("countries", "places", "figures", "personnel"),
        "roles",
    }


def test_relevance_is_a_label_also_where_it_was_not_corrected() -> None:
    assert [row["relevant"] for row in rows(Relevance(relevant=False))] == [False]
    assert [row["relevant"] for row in rows(CountryTag(code="KE", role="lead"))] == [True]


def test_comments_say_who_corrected_what_and_why_on_a_line_each() -> None:
    said = Correction(
        id="a",
        at=correction(Relevance(relevant=True)).at,
        author="anna",
        reason="only\n- id: for\x07ged",
        change=CountryTag(code="KE", role=None),
    )
    text = gold_labels.written(document([enriched(), said]))
    assert text.startswith("# 2026-03-02 anna: no country KE (only - id: forged)\n- id: ")
    assert len(yaml.safe_load(text)) == 1
