"""The scorer itself: what counts as right, wrong and missed."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.messages import Country, EnrichedItem, Entity, Figure
from tests.gold.labels import key, labelled, tagged
from tests.gold.score import Count, Result, compare

EXAMPLE = Path(__file__).parents[2] / "schemas/examples/enriched_item.json"


def counted(name: str, row: dict[str, Any], **tags: Any) -> Count:
    """One class of one item, the tagger's answer being `tags` and nothing else."""
    empty: dict[str, Any] = {tag: [] for tag in ("missions", "countries", "entities", "figures", "events", "quotes")}
    item = msgspec.json.decode(EXAMPLE.read_bytes(), type=EnrichedItem)
    item = msgspec.structs.replace(item, relevant=True, **(empty | tags))
    labels = labelled({"language": "en", "relevant": True, "countries": {}} | row)[name]
    result = Result()
    compare(result, "item", name, labels, tagged(item)[name])
    return result.classes[name]


def person(id_: str | None, name: str, type_: Any = "person") -> Entity:
    return Entity(id=id_, type=type_, name=name, mentions=1)


def country(code: str, role: Any) -> Country:
    return Country(code=code, role=role, mentions=1)


def figure(kind: Any, value: float, code: str | None) -> Figure:
    return Figure(kind=kind, value=value, unit="personnel", country=code, approximate=False)


def test_what_is_not_labelled_is_wrong_and_what_is_not_given_is_missed() -> None:
    row = {"countries": {"HT": "host", "KE": "lead"}}
    assert counted("countries", row, countries=[country("HT", "host"), country("JM", "mentioned")]) == Count(1, 1, 1)


@pytest.mark.parametrize(("role", "count"), [("lead", Count(1, 0, 0)), ("mentioned", Count(0, 1, 1))])
def test_a_role_may_be_one_of_several(role: str, count: Count) -> None:
    assert counted("roles", {"countries": {"KE": "lead|contributor"}}, countries=[country("KE", role)]) == count


def test_a_country_may_be_one_of_several() -> None:
    assert counted("countries", {"countries": {"CD|CG": "mentioned"}}, countries=[country("CG", "lead")]) == Count(1)


@pytest.mark.parametrize("name", ["countries", "roles"])
def test_what_is_optional_is_neither_right_nor_wrong(name: str) -> None:
    assert counted(name, {"optional": {"countries": ["US"]}}, countries=[country("US", "mentioned")]) == Count()
    assert counted(name, {"optional": {"countries": ["US"]}}) == Count()


def test_a_person_is_right_by_id_or_by_name_and_once() -> None:
    row = {"persons": ["person/korir-singoei"]}
    assert counted("persons", row, entities=[person("person/other-spelling", "Korir Sing’Oei")]) == Count(1)
    assert counted("persons", row, entities=[person(None, "Korir Sing'oei"), person("person/korir-singoei", "K.")]) == (
        Count(1)
    )
    assert counted("persons", row, entities=[person(None, "Sing'Oei")]) == Count(0, 1, 1)


def test_a_figure_may_be_of_several_kinds_and_bodies() -> None:
    row = {"figures": [["total|deployed", 980, "personnel", "none|KE"]], "optional": {"figures": [100]}}
    assert counted("figures", row, figures=[figure("deployed", 980, None), figure("other", 100, "KE")]) == Count(1)
    assert counted("personnel", row, figures=[figure("total", 980, "KE")]) == Count(1)
    assert counted("figures", row, figures=[figure("total", 980, "JM")]) == Count(0, 1, 1)


def test_figures_and_roles_are_judged_in_relevant_items_only() -> None:
    row = {"relevant": False, "countries": {"HT": "mentioned"}}
    assert counted("figures", row, figures=[figure("total", 980, None)]) == Count()
    assert counted("roles", row, countries=[country("HT", "host")]) == Count()


def test_beyond_what_must_be_there_organisations_are_not_judged() -> None:
    given = [person("organisation/united-nations", "United Nations", "organisation")]
    assert counted("organisations", {"must": {"organisations": ["organisation/caricom"]}}, entities=given) == Count(
        0, 0, 1
    )
    assert counted("organisations", {"must": {}}, entities=given) == Count()
    assert counted("organisations", {}, entities=given) == Count(0, 1, 0)


@pytest.mark.parametrize(("name", "slug"), [("Alix Didier Fils-Aimé", "alix-didier-fils-aime"), ("Çakır", "cakir")])
def test_names_are_compared_as_ids_are_written(name: str, slug: str) -> None:
    assert key("person", name) == f"person/{slug}"
