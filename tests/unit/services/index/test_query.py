"""What people ask for becomes a query that is safe, or an error that says where the mistake is."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Invalid
from services.index.query import FLAGS, TEXT_LIMIT, Query, check, engine_query


def test_all_parts_must_hold_and_takedowns_never_match() -> None:
    query = Query(text="officers", countries=["KE", "HT"], entities=["place/gressier"], languages=["fr"])
    made = engine_query(query)["bool"]
    assert made["filter"] == [
        {"terms": {"country": ["KE", "HT"]}},
        {"terms": {"entity": ["place/gressier"]}},
        {"terms": {"language": ["fr"]}},
        {"term": {"relevant": True}},
    ]
    assert made["must"][0]["simple_query_string"]["query"] == "officers"
    assert made["must_not"] == [{"term": {"takedown": True}}]


def test_the_text_is_never_more_than_text_to_the_engine() -> None:
    made = engine_query(Query(text='{"match_all": {}}'))
    assert made["bool"]["must"][0]["simple_query_string"]["query"] == '{"match_all": {}}'
    assert not {"FUZZY", "NEAR", "SLOP"} & set(FLAGS.split("|"))


def test_dates_bound_event_at() -> None:
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    bounds = engine_query(Query(), since=since, until=until)["bool"]["filter"][-1]
    assert bounds == {"range": {"event_at": {"gte": "2026-01-01T00:00:00+00:00", "lt": "2026-02-01T00:00:00+00:00"}}}
    assert engine_query(Query(), until=until)["bool"]["filter"][-1]["range"]["event_at"].keys() == {"lt"}


def test_asking_for_nothing_is_asking_for_everything() -> None:
    assert engine_query(Query(relevant_only=False))["bool"]["must"] == [{"match_all": {}}]
    assert "must" not in engine_query(Query())["bool"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('police "force de', "position 8 is not closed"),
        ("!!! - |", "has no word"),
        ("-gang -police", "only excludes"),
        ('-"gang leader"', "only excludes"),
        ("x" * (TEXT_LIMIT + 1), "1001 characters"),
    ],
    ids=["quote", "no word", "negative", "negative phrase", "long"],
)
def test_a_text_that_cannot_mean_anything_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as raised:
        engine_query(Query(text=text, relevant_only=False))
    assert raised.value.reason == "query"


@pytest.mark.parametrize(
    "query",
    [
        Query(text="kenya -football"),
        Query(text='"force de répression" | gang*'),
        Query(text="-football", countries=["KE"]),
        Query(text='kenya -"asset recovery"'),
        Query(text=r"a \" quote"),
        Query(text="-(gang police) kenya"),
        Query(text="Port-au-Prince"),
        Query(),
    ],
)
def test_what_can_be_meant_is_taken(query: Query) -> None:
    check(query)


@given(st.text(max_size=60), st.text(max_size=20))
def test_words_are_taken_whatever_stands_around_them(before: str, after: str) -> None:
    text = f"word {before} {after}".replace('"', "")
    assert engine_query(Query(text=text))["bool"]["must"][0]["simple_query_string"]["query"] == text
