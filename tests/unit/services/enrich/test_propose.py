"""Proposals for the gazetteer: only who is not in it, as YAML that can be pasted."""

from datetime import UTC, datetime

import yaml

from services.enrich.archive import Named
from services.enrich.gazetteer import load
from services.enrich.propose import lines, unknown

SINCE = datetime(2026, 1, 31, tzinfo=UTC)


def test_people_of_the_gazetteer_are_left_out_by_any_of_their_names() -> None:
    found = [Named("Godfrey Otunge", 40, []), Named("godfrey otunga", 3, []), Named("Amina Njeri", 2, [])]
    assert [one.name for one in unknown(found, load())] == ["Amina Njeri"]


def test_spellings_that_differ_by_accents_count_together_under_the_more_frequent() -> None:
    found = [Named("Inès Dorval", 3, [("a", None)]), Named("Rose Pyram", 4, []), Named("Ines Dorval", 2, [("b", None)])]
    assert unknown(found, load()) == [
        Named("Inès Dorval", 5, [("a", None), ("b", None)]),
        Named("Rose Pyram", 4, []),
    ]


def test_the_yaml_can_be_pasted_whatever_the_names_and_titles_hold() -> None:
    proposed = [
        Named("Inès Dorval", 5, [("A title: with\na line feed # and more", "https://news.example/1")]),
        Named("Sing'Oei Kamau", 4, [("Another", None)]),
    ]
    text = "\n".join(lines(proposed, SINCE, 3))
    assert yaml.safe_load(text) == [
        {"id": "person/ines-dorval", "name": "Inès Dorval", "sources": ["unconfirmed"]},
        {"id": "person/sing-oei-kamau", "name": "Sing'Oei Kamau", "sources": ["unconfirmed"]},
    ]
    assert "# 5 items\n#   A title: with a line feed # and more https://news.example/1" in text
    assert "2026-01-31" in text
