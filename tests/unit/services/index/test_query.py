"""What people ask for becomes a query that is safe, or an error that says where the mistake is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.errors import Invalid
from services.index import stems
from services.index.query import Query, engine_query, has_pairs
from services.index.query_fields import TEXT_FIELDS
from services.index.query_language import Misread

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def test_all_parts_must_hold_and_takedowns_never_match() -> None:
    query = Query(text="officers", countries=["KE", "HT"], entities=["place/gressier"], languages=["fr"])
    made = engine_query(query)["bool"]
    assert made["filter"] == [
        {"terms": {"country": ["KE", "HT"]}},
        {"terms": {"entity": ["place/gressier"]}},
        {"terms": {"language": ["fr"]}},
        {"term": {"relevant": True}},
    ]
    assert made["must"][0]["multi_match"]["query"] == "officers"
    assert made["must_not"] == [{"term": {"takedown": True}}]


def test_the_text_is_never_more_than_text_to_the_engine() -> None:
    made = engine_query(Query(text='{"match_all": {}}'))
    assert made["bool"]["must"] == [
        {"multi_match": {"query": "match_all", "fields": list(TEXT_FIELDS), "type": "phrase"}}
    ]


def test_dates_bound_event_at() -> None:
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    bounds = engine_query(Query(), since=since, until=until)["bool"]["filter"][-1]
    assert bounds == {"range": {"event_at": {"gte": "2026-01-01T00:00:00+00:00", "lt": "2026-02-01T00:00:00+00:00"}}}
    assert engine_query(Query(), until=until)["bool"]["filter"][-1]["range"]["event_at"].keys() == {"lt"}


def test_asking_for_nothing_is_asking_for_everything() -> None:
    assert engine_query(Query(relevant_only=False))["bool"]["must"] == [{"match_all": {}}]
    assert "must" not in engine_query(Query())["bool"]


def only(text: str, **options: Any) -> Any:
    """The one clause that the text is made into."""
    made = engine_query(Query(text=text, relevant_only=False), **options)["bool"]
    assert made["filter"] == []
    [clause] = made["must"]
    return clause


def filtered(text: str) -> Any:
    return only(text, now=lambda: NOW)["constant_score"]["filter"]


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("country:ke", {"term": {"country": "KE"}}),
        ("pledged:JM", {"term": {"country_pledged": "JM"}}),
        ("role:pledged", {"exists": {"field": "country_pledged"}}),
        ("outlet:HT", {"term": {"outlet_country": "HT"}}),
        ("entity:person/godfrey-otunge", {"term": {"entity": "person/godfrey-otunge"}}),
        ('gang:"Viv Ansanm"', {"term": {"gang": {"value": "Viv Ansanm", "case_insensitive": True}}}),
        ("event:Arrival", {"term": {"event": "arrival"}}),
        ("lang:FR", {"term": {"language": "fr"}}),
        ("relevant:no", {"term": {"relevant": False}}),
        ("corrected:yes", {"term": {"corrected": True}}),
        ("corrected:no", {"bool": {"must_not": [{"term": {"corrected": True}}]}}),
        ("since:2026-01-31", {"range": {"event_at": {"gte": "2026-01-31T00:00:00+00:00"}}}),
        ("until:2026-01-31T08:00+01:00", {"range": {"event_at": {"lt": "2026-01-31T08:00:00+01:00"}}}),
        ("since:7d", {"range": {"event_at": {"gte": "2026-03-25T00:00:00+00:00"}}}),
        (
            "country:(KE OR JM)",
            {"bool": {"should": [{"term": {"country": "KE"}}, {"term": {"country": "JM"}}], "minimum_should_match": 1}},
        ),
    ],
)
def test_a_field_is_a_filter(text: str, clause: dict[str, Any]) -> None:
    assert filtered(text) == clause


def test_what_is_said_of_a_figure_is_true_of_one_figure() -> None:
    nested = only("figure:(pledged country:JM >100)")["nested"]
    assert nested == {
        "path": "figures",
        "query": {
            "bool": {
                "filter": [
                    {"term": {"figures.kind": "pledged"}},
                    {"term": {"figures.country": "JM"}},
                    {"range": {"figures.value": {"gt": 100.0}}},
                ]
            }
        },
    }


def test_a_figure_may_be_a_contributor_s() -> None:
    of_contributor = {
        "bool": {"filter": [{"term": {"figures.roles": "contributor"}}, {"term": {"figures.country": "JM"}}]}
    }
    expected = [of_contributor, {"term": {"figures.kind": "pledged"}}, {"range": {"figures.value": {"gt": 100.0}}}]
    made = only("figure:(contributor:JM pledged >100)")["nested"]
    assert made["query"] == {"bool": {"filter": expected}}
    assert only("figure:(role:lead)")["nested"]["query"] == {"term": {"figures.roles": "lead"}}


def test_what_is_said_of_an_event_with_a_field_is_true_of_one_event() -> None:
    nested = only("event:(Arrival country:(KE OR JM) since:2026-01-31)")["nested"]
    either = [{"term": {"events.countries": "KE"}}, {"term": {"events.countries": "JM"}}]
    assert nested["path"] == "events"
    assert nested["query"]["bool"]["filter"] == [
        {"term": {"events.type": "arrival"}},
        {"bool": {"should": either, "minimum_should_match": 1}},
        {"range": {"events.when": {"gte": "2026-01-31T00:00:00+00:00"}}},
    ]
    assert filtered("event:(arrival attack)")["bool"]["filter"] == [
        {"term": {"event": "arrival"}},
        {"term": {"event": "attack"}},
    ]


def test_a_word_counts_by_its_stem_and_a_phrase_as_it_is_written() -> None:
    assert only("deployments")["multi_match"]["fields"] == [*TEXT_FIELDS, *stems.FIELDS]
    for exact in ('"deployments"', "Port-au-Prince", "deploy*", "2793", "title:deployments"):
        assert "stems" not in str(only(exact))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://news.example/a", "there is no field https"),
        ("country: KE", "must follow without a space"),
        ("country:Kenya", "a country is a code"),
        ("country:KE*", r"a \* cannot be used"),
        ("role:observer", "role takes one of host"),
        ("since:yesterday", "a time is a date"),
        ("relevant:maybe", "yes or no"),
        ("entity:otunge", "an id of the gazetteer"),
        ("figure:(many)", "a figure has a kind"),
        ("figure:(lang:fr)", "of one figure there are"),
        ("figure:(role:observer)", "role takes one of host"),
        ("figure:(pledged country:Jamaica)", "a country is a code"),
        ("figure:(pledged country:(JM unit:USD))", "cannot stand inside country"),
        ("event:(arrival unit:USD)", "of one event there are country:"),
        ("event:(arrival country:Kenya)", "a country is a code"),
        ("event:(arrival since:soon)", "a time is a date"),
        ("country:(KE lang:fr)", "cannot stand inside"),
        ("-gang -police", "only excludes"),
        ('-"gang leader"', "only excludes"),
        ("kenya OR -police", "only excludes"),
        ("-country:KE", "only excludes"),
        ("country:(-KE)", "only excludes"),
        ("title:(NOT gang) OR kenya", "only excludes"),
    ],
)
def test_a_text_that_cannot_mean_anything_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(Misread, match=words) as raised:
        engine_query(Query(text=text, relevant_only=False))
    assert raised.value.reason == "query"
    assert 1 <= raised.value.position <= len(text)


def test_a_text_without_a_word_is_refused() -> None:
    with pytest.raises(Invalid, match="has no word"):
        engine_query(Query(text="!!! -"))


def test_a_saved_search_names_no_time() -> None:
    assert only("kenya since:7d")
    with pytest.raises(Misread, match="new items only") as raised:
        engine_query(Query(text="kenya -(since:7d)"), standing=True)
    assert raised.value.position == 9
    with pytest.raises(Misread, match="new items only"):
        engine_query(Query(text="event:(arrival since:7d)"), standing=True)


@pytest.mark.parametrize(
    "query",
    [
        Query(text="kenya -football"),
        Query(text="-football", countries=["KE"]),
        Query(text='kenya -"asset recovery"'),
        Query(text="country:KE -football"),
        Query(),
    ],
)
def test_what_can_be_meant_is_taken(query: Query) -> None:
    assert engine_query(query)


def test_a_saved_search_asks_one_field_for_a_word_and_leaves_filters_to_the_search_s_own_fields() -> None:
    query = Query(text="kenya", countries=["KE"], entities=["place/gressier"], languages=["en"])
    [clause] = engine_query(query, standing=True)["bool"]["filter"]
    assert clause["multi_match"]["fields"] == ["words", "stems.en", "stems.es", "stems.fr", "stems.pt"]
    assert engine_query(Query(countries=["KE"]), standing=True) == {"match_all": {}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kenya event:arrival", False),
        ("", False),
        ("kenya -(figure:killed OR gangs)", True),
        ("event:(arrival country:KE)", True),
        ("event:(arrival attack)", False),
    ],
)
def test_which_searches_need_figures_and_events_whole(text: str, expected: bool) -> None:
    assert has_pairs(Query(text=text)) is expected
