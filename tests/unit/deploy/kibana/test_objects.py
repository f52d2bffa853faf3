"""What can be known of Kibana's objects without Kibana."""

import json
from typing import Any

import pytest

from deploy.kibana import fields, saved, views
from deploy.kibana.__main__ import check
from deploy.kibana.objects import FILE, objects
from deploy.kibana.saved import Object
from services.index import indices
from tests.unit.deploy.kibana import observed
from tests.unit.deploy.kibana.reading import Asked, asked, by_id, layer, panels

DASHBOARDS = [one for one in objects() if one["type"] == "dashboard"]


def name(one: Object) -> str:
    return str(one["id"])


def named_within(value: Any) -> set[str]:
    """Every name of a reference that stands anywhere in an object's state."""
    if isinstance(value, dict):
        found = {each for key, each in value.items() if key in ("indexRefName", "panelRefName", "indexPatternRefName")}
        return found.union(*map(named_within, value.values()))
    return set().union(*map(named_within, value)) if isinstance(value, list) else set()


def parsed(one: Object) -> dict[str, Any]:
    """The attributes with the JSON inside them read."""
    attributes: dict[str, Any] = {
        key: json.loads(value) if key.endswith("JSON") else value for key, value in one["attributes"].items()
    }
    if meta := attributes.get("kibanaSavedObjectMeta"):
        attributes["kibanaSavedObjectMeta"] = json.loads(meta["searchSourceJSON"])
    if group := attributes.get("controlGroupInput"):
        attributes["controlGroupInput"] = json.loads(group["panelsJSON"])
    return attributes


@pytest.mark.parametrize("one", objects(), ids=name)
def test_every_reference_leads_to_an_object_of_ours_that_comes_before(one: Object) -> None:
    order = [(other["type"], other["id"]) for other in objects()]
    for reference in one["references"]:
        assert (reference["type"], reference["id"]) in order[: order.index((one["type"], one["id"]))]


@pytest.mark.parametrize("one", objects(), ids=name)
def test_what_the_state_refers_to_by_name_is_among_the_references_and_nothing_else_is(one: Object) -> None:
    names = [reference["name"] for reference in one["references"]]
    assert len(names) == len(set(names))
    state = parsed(one)
    within = named_within(state)
    if one["type"] == "dashboard":
        by_reference = {panel["panelIndex"]: panel["panelRefName"] for panel in panels(one) if "panelRefName" in panel}
        within = {f"{index}:{panel_name}" for index, panel_name in by_reference.items()}
        for panel in panels(one):
            if panel["type"] == "lens":
                [own] = panel["embeddableConfig"]["attributes"]["references"]
                assert own["name"] == f"indexpattern-datasource-layer-{layer(panel)[0]}"
                within.add(f"{panel['panelIndex']}:{own['name']}")
        within |= {f"controlGroup_{control}:optionsListDataView" for control in state.get("controlGroupInput", {})}
    assert set(names) == within


@pytest.mark.parametrize("request_of", asked(), ids=lambda one: one.by)
def test_every_field_is_in_the_mapping_with_its_type_and_is_not_nested(request_of: Asked) -> None:
    for field, kind in request_of.fields.items():
        found = fields.kind(request_of.index, field)
        assert kind in (None, found), field


@pytest.mark.parametrize("request_of", asked(), ids=lambda one: one.by)
def test_what_is_counted_keeps_its_values_in_columns(request_of: Asked) -> None:
    def counted(aggregations: dict[str, Any]) -> set[str]:
        found = set()
        for aggregation in aggregations.values():
            for kind, said in aggregation.items():
                if kind == "aggs":
                    found |= counted(said)
                elif kind in ("terms", "cardinality", "max", "min", "date_histogram"):
                    found.add(said["field"])
        return found

    for field in counted(request_of.body.get("aggs", {})):
        assert fields.aggregatable(request_of.index, field), field


def test_nested_and_unparsed_fields_are_none_of_kibanas() -> None:
    properties = indices.definition(indices.NEWS).mappings["properties"]
    assert properties["figures"]["type"] == "nested"
    assert not {"figures", "figures.value", "evidence"} & fields.mapped(indices.NEWS).keys()
    with pytest.raises(KeyError):
        fields.kind(indices.NEWS, "figures.value")


def test_event_at_is_the_time_field_of_items_and_figures() -> None:
    times = {view.name: by_id()[saved.identifier(view.name)]["attributes"].get("timeFieldName") for view in views.ALL}
    assert times == {
        "items": "event_at",
        "figures": "event_at",
        "feeds": None,  # states of feeds: a feed that is not polled any more must be seen
        "stored": "indexed_at",  # for those who run it
        "deliveries": "created_at",
    }


@pytest.mark.parametrize("view", views.ALL, ids=lambda view: view.name)
def test_every_field_has_a_readable_name_of_its_own_and_links_and_dates_their_format(view: views.View) -> None:
    attributes = by_id()[saved.identifier(view.name)]["attributes"]
    labels = {field: said["customLabel"] for field, said in json.loads(attributes["fieldAttrs"]).items()}
    assert labels.keys() == fields.mapped(view.index).keys()
    assert len(set(labels.values())) == len(labels)
    assert all(label[0].isupper() and "_" not in label for label in labels.values())
    formats = {field: said["id"] for field, said in json.loads(attributes["fieldFormatMap"]).items()}
    dates = [field for field, mapping in fields.mapped(view.index).items() if mapping["type"] == "date"]
    assert dates
    assert {formats[field] for field in dates} == {"date"}
    assert all(formats[field] == "url" for field in ("url", "canonical_url") if field in labels)


def test_what_is_kept_for_programs_is_hidden_and_what_people_read_is_not() -> None:
    filters = json.loads(by_id()[saved.identifier("items")]["attributes"]["sourceFilters"])
    hidden = {said["value"] for said in filters}
    assert {"sources", "sources.*", "evidence", "history", "stems.*"} <= hidden
    assert not hidden & {"quotes", "countries", "text", "title"}


def test_every_label_is_of_a_field() -> None:
    assert fields.LABELS.keys() <= {field for view in views.ALL for field in fields.mapped(view.index)}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=name)
def test_panels_fit_beside_each_other(dashboard: Object) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels(dashboard):
        grid = panel["gridData"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken
        assert all(x < 48 for x, _ in cells)
        taken |= cells
    indexes = [panel["panelIndex"] for panel in panels(dashboard)]
    assert len(indexes) == len(set(indexes))


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=name)
def test_drawings_use_the_columns_that_there_are(dashboard: Object) -> None:
    for panel in panels(dashboard):
        if panel["type"] != "lens":
            continue
        layer_id, found = layer(panel)
        drawing = panel["embeddableConfig"]["attributes"]["state"]["visualization"]
        for drawn in drawing.get("layers", [drawing]):
            assert drawn["layerId"] == layer_id
            used = [drawn.get(key) for key in ("xAccessor", "splitAccessor", "metricAccessor")]
            used += drawn.get("accessors", []) + drawn.get("primaryGroups", []) + drawn.get("metrics", [])
            used += [column["columnId"] for column in drawn.get("columns", [])]
            assert {column for column in used if column} == found["columns"].keys()
        assert sorted(found["columns"]) == sorted(found["columnOrder"])
        assert "split" not in found["columnOrder"][1:], "split first: the top of the whole time, not of each interval"
        bucketed = [found["columns"][column]["isBucketed"] for column in found["columnOrder"]]
        assert bucketed == sorted(bucketed, reverse=True), "buckets come first"


@pytest.mark.parametrize("one", objects(), ids=name)
def test_the_form_is_that_of_exports(one: Object) -> None:
    assert list(observed.strange(one)) == []


def test_what_an_export_never_had_or_always_has_is_noticed() -> None:
    one = by_id()["news-monitor-coverage"]
    invented = one | {"attributes": one["attributes"] | {"panels": "[]"}}
    assert list(observed.strange(invented)) == ["dashboard.attributes: panels"]
    without = one | {"attributes": {key: value for key, value in one["attributes"].items() if key != "optionsJSON"}}
    assert list(observed.strange(without)) == ["dashboard.attributes: no optionsJSON"]


def test_the_versions_are_those_of_the_oldest_kibana() -> None:
    assert saved.OLDEST_KIBANA == "8.18"
    assert {one["coreMigrationVersion"] for one in objects()} == {"8.8.0"}
    stamped = {one["type"]: one["typeMigrationVersion"] for one in objects()}
    assert stamped == {key: value for key, value in observed.STAMPED_BY_8_18.items() if key in stamped}


def test_in_a_space_every_id_is_of_the_space_and_leads_nowhere_else() -> None:
    here, there = objects(), objects("haiti")
    assert not {one["id"] for one in here} & {one["id"] for one in there}
    ids = {one["id"] for one in there}
    for one in there:
        assert {reference["id"] for reference in one["references"]} <= ids
        for control in parsed(one).get("controlGroupInput", {}).values():
            assert control["explicitInput"]["dataViewId"] in ids


def test_the_generated_file_is_what_the_code_generates(capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0, capsys.readouterr().err


def test_the_file_is_a_line_of_json_for_each_object() -> None:
    assert [json.loads(line)["id"] for line in FILE.read_text().splitlines()] == [one["id"] for one in objects()]
