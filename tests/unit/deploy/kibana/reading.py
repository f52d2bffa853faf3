"""What Kibana would ask the engine for our objects, read from the objects as they are saved, not from our code.

Lens columns become aggregations the way Kibana makes them: buckets inside each other in the columns' order, measures
in the innermost, a measure with a condition inside a filter.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from deploy.kibana.objects import objects
from deploy.kibana.saved import Object

# A field before what is said of it, in the part of Kibana's query language that we use
NAMED = re.compile(r"([a-z_0-9]+)\s*(?::|>=)")
INTERVALS = {"auto": "1d", "1h": "1h", "1w": "1w"}


class Asked(msgspec.Struct, frozen=True):
    """A request. fields: by name, the Kibana type that they must have. measures: the aggregations with a result."""

    by: str
    index: str
    body: dict[str, Any]
    fields: dict[str, str | None]
    measures: list[str]


def by_id() -> dict[str, Object]:
    """Our objects."""
    return {one["id"]: one for one in objects()}


def panels(dashboard: Object) -> list[dict[str, Any]]:
    """The panels of a dashboard."""
    found: list[dict[str, Any]] = json.loads(dashboard["attributes"]["panelsJSON"])
    return found


def layer(panel: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The only layer of a Lens panel, with its id."""
    [(name, found)] = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"][
        "layers"
    ].items()
    return name, found


def referred(one: Object, name: str) -> Object:
    """The object that a reference of this name leads to."""
    [target] = {reference["id"] for reference in one["references"] if reference["name"] == name}
    return by_id()[target]


def named(query: str) -> list[str]:
    """The fields that a query names."""
    return NAMED.findall(query)


def asked() -> list[Asked]:
    """Every request of every chart, saved search, map layer and control."""
    found: list[Asked] = []
    for one in objects():
        match one["type"]:
            case "search":
                found.append(_of_search(one))
            case "map":
                found += _of_map(one)
            case "dashboard":
                found += _of_controls(one)
                found += (_of_chart(one, panel) for panel in panels(one) if panel["type"] == "lens")
    return found


def _of_search(one: Object) -> Asked:
    view = referred(one, "kibanaSavedObjectMeta.searchSourceJSON.index")
    source = json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    query, [[sort, order]] = source["query"]["query"], one["attributes"]["sort"]
    body = {"query": _query(view, [query], None), "sort": [{sort: order}], "size": 500}
    fields = dict.fromkeys([*one["attributes"]["columns"], *named(query)]) | {sort: None}
    return Asked(one["id"], view["attributes"]["title"], body, fields, [])


def _of_map(one: Object) -> Iterator[Asked]:
    query = json.loads(one["attributes"]["mapStateJSON"])["query"]["query"]
    for described in json.loads(one["attributes"]["layerListJSON"]):
        [join] = described["joins"]
        right = join["right"]
        view = referred(one, right["indexPatternRefName"])
        aggregations = {"join": {"terms": {"field": right["term"], "size": 1000}}}
        body = {"query": _query(view, [query], None), "aggs": aggregations, "size": 0}
        fields = {right["term"]: "string"} | dict.fromkeys(named(query))
        yield Asked(f"{one['id']} {described['label']}", view["attributes"]["title"], body, fields, [])


def _of_controls(one: Object) -> Iterator[Asked]:
    group = one["attributes"].get("controlGroupInput", {"panelsJSON": "{}"})
    for name, control in json.loads(group["panelsJSON"]).items():
        view = referred(one, f"controlGroup_{name}:optionsListDataView")
        field = control["explicitInput"]["fieldName"]
        body = {"query": _query(view, [], None), "aggs": {"options": {"terms": {"field": field}}}, "size": 0}
        yield Asked(f"{one['id']} control {name}", view["attributes"]["title"], body, {field: "string"}, [])


def _of_chart(dashboard: Object, panel: dict[str, Any]) -> Asked:
    name, found = layer(panel)
    view = referred(dashboard, f"{panel['panelIndex']}:indexpattern-datasource-layer-{name}")
    query = panel["embeddableConfig"]["attributes"]["state"]["query"]["query"]
    columns = found["columns"]
    fields: dict[str, str | None] = dict.fromkeys(named(query))
    for column in columns.values():
        fields |= dict.fromkeys(named(column.get("filter", {}).get("query", "")))
        if column["sourceField"] != "___records___":
            fields[column["sourceField"]] = None if column["operationType"] == "unique_count" else column["dataType"]
    buckets = [one for one in found["columnOrder"] if columns[one]["isBucketed"]]
    measures = [one for one in found["columnOrder"] if not columns[one]["isBucketed"]]
    aggregations = {one: _measure(columns[one]) for one in measures}
    for one in reversed(buckets):
        ordering = {by: _measure(columns[by]) for by in _ordered_by(columns[one]) if by in measures}
        aggregations = {one: _bucket(columns[one], columns) | {"aggs": ordering | aggregations}}
    body = {"query": _query(view, [query], dashboard["attributes"]["timeFrom"]), "aggs": aggregations, "size": 0}
    return Asked(f"{dashboard['id']} {panel['title']}", view["attributes"]["title"], body, fields, measures)


def _bucket(column: dict[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    field, params = column["sourceField"], column["params"]
    if column["operationType"] == "date_histogram":
        return {"date_histogram": {"field": field, "calendar_interval": INTERVALS[params["interval"]]}}
    assert column["operationType"] == "terms"
    by = params["orderBy"]["columnId"]
    assert "filter" not in columns[by], "Lens orders by measures without a condition"
    order = {"_count" if columns[by]["operationType"] == "count" else by: params["orderDirection"]}
    return {"terms": {"field": field, "size": params["size"], "order": order}}


def _ordered_by(column: dict[str, Any]) -> list[str]:
    return [column["params"]["orderBy"]["columnId"]] if column["operationType"] == "terms" else []


def _measure(column: dict[str, Any]) -> dict[str, Any]:
    field = column["sourceField"]
    match column["operationType"]:
        case "count":
            measure: dict[str, Any] = {"value_count": {"field": "_index"}}
        case "unique_count":
            measure = {"cardinality": {"field": field}}
        case "max" | "min" as operation:
            measure = {operation: {"field": field}}
        case "last_value":
            by = column["params"]["sortField"]
            measure = {"top_hits": {"size": 1, "sort": [{by: "desc"}], "_source": [field]}}
        case other:
            raise AssertionError(other)
    if "filter" in column:
        return {"filter": _kuery(column["filter"]["query"]), "aggs": {"measured": measure}}
    return measure


def _query(view: Object, queries: list[str], since: str | None) -> dict[str, Any]:
    clauses = [_kuery(query) for query in queries if query]
    time = view["attributes"].get("timeFieldName")
    if time and since:
        clauses.append({"range": {time: {"gte": since, "lte": "now"}}})
    return {"bool": {"filter": clauses}}


def _kuery(query: str) -> dict[str, Any]:
    """Kibana's language in Lucene's syntax, as far as we use it: field: value, (a or b), *, >=, and, or."""
    assert not re.search(r"[\"{}<]|\bnot\b", query), "say here how this is to be read"
    words = re.sub(r"\b(and|or)\b", lambda word: word[0].upper(), query)
    return {"query_string": {"query": words.replace(" >= ", ":>=").replace(": ", ":")}}
