"""Mappings are complete and strict, and drift is found in whatever form the engine gives things back."""

import pytest

from services import settings
from services.index import indices, percolate
from services.index.indices import differing, lacking


@pytest.mark.parametrize("name", indices.ALL)
def test_every_index_is_strict(name: str) -> None:
    assert indices.definition(name).mappings["dynamic"] == "strict"
    assert indices.template(name, settings.Index())["index_patterns"] == [f"{name}-0*"]


def test_a_saved_search_may_ask_for_every_field_of_an_item() -> None:
    searches = indices.definition(indices.SEARCHES).mappings["properties"]
    assert indices.definition(indices.NEWS).mappings["properties"].items() <= searches.items()
    assert searches.keys() >= set(percolate.FIELDS)


def test_shards_are_the_setting_s() -> None:
    chosen = settings.Index(index_shards=3, index_replicas=1)
    index_settings = indices.template(indices.NEWS, chosen)["template"]["settings"]["index"]
    assert (index_settings["number_of_shards"], index_settings["number_of_replicas"]) == (3, 1)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": True, "b": 1}, {"a": "true", "b": "1"}),
        ({"a": ["x"]}, {"a": "x"}),
        ({"a": ["x", "y"]}, {"a": ["x", "y"]}),
        ({"a": {"b": {"c": False}}}, {"a": {"b": {"c": "false"}}}),
    ],
)
def test_the_engine_s_way_of_writing_things_is_no_drift(wanted: object, found: object) -> None:
    assert list(differing(wanted, found, within="")) == []


def test_drift_is_said_with_its_path() -> None:
    wanted = {"title": {"type": "text"}, "url": {"type": "keyword"}}
    found = {"title": {"type": "keyword"}, "extra": {"type": "long"}}
    assert sorted(differing(wanted, found, within="mappings")) == [
        "mappings.extra: is {'type': 'long'}, should not be",
        "mappings.title.type: is keyword, should be text",
        "mappings.url: is missing",
    ]
    assert sorted(differing(wanted, found, within="", others=False)) == [
        "title.type: is keyword, should be text",
        "url: is missing",
    ]


def test_fields_that_are_missing_inside_others_can_be_added_too() -> None:
    wanted = {
        "figures": {"type": "nested", "properties": {"kind": {"type": "keyword"}, "roles": {"type": "keyword"}}},
        "events": {"type": "nested", "properties": {"type": {"type": "keyword"}}},
        "stems": {"properties": {"en": {"type": "text"}}},
        "title": {"type": "text"},
    }
    found = {
        "figures": {"type": "nested", "properties": {"kind": {"type": "keyword"}}},
        "events": {"type": "object", "enabled": False},
        "title": {"type": "keyword"},
    }
    put = {"figures": {"type": "nested", "properties": {"roles": {"type": "keyword"}}}, "stems": wanted["stems"]}
    assert lacking(wanted, found) == (put, ["figures.roles", "stems"])
    assert lacking(wanted, wanted) == ({}, [])
