"""Charts of Lens: their columns, which are aggregations of the engine, and how they are drawn."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from deploy.kibana import fields
from deploy.kibana.saved import identifier, reference
from deploy.kibana.views import View

Column = dict[str, Any]
# Built once the view is known: fields have their types from its mapping
Columns = dict[str, Callable[[View], Column]]

RECORDS: Final = "___records___"
X: Final = "x"
SPLIT: Final = "split"
SERIES: Final = {"line": "line", "area": "area_stacked", "bar": "bar_stacked", "side": "bar", "lying": "bar_horizontal"}
DRAWN_AS: Final = {"table": "lnsDatatable", "number": "lnsMetric", "donut": "lnsPie"} | dict.fromkeys(SERIES, "lnsXY")


class Chart(msgspec.Struct, frozen=True):
    """A chart. columns: by id, buckets first; XY charts have their axis in "x" and what they are split by in "split".

    where: a query of Kibana's language that holds for all of it.
    """

    title: str
    view: View
    drawn: Literal["line", "area", "bar", "side", "lying", "table", "number", "donut"]
    columns: Columns
    where: str = ""


def count(label: str, where: str = "") -> Callable[[View], Column]:
    """How many documents."""
    return lambda view: _measure("count", RECORDS, "number", label, where, emptyAsNull=True)


def distinct(field: str, label: str, where: str = "") -> Callable[[View], Column]:
    """How many different values."""
    return lambda view: _measure("unique_count", _countable(view, field), "number", label, where, emptyAsNull=True)


def highest(field: str, label: str, where: str = "") -> Callable[[View], Column]:
    """The greatest number or latest time."""
    return lambda view: _measure("max", field, fields.kind(view.index, field), label, where, emptyAsNull=True)


def lowest(field: str, label: str, where: str = "") -> Callable[[View], Column]:
    """The least number or earliest time."""
    return lambda view: _measure("min", field, fields.kind(view.index, field), label, where, emptyAsNull=True)


def latest(field: str, label: str, by: str, where: str = "") -> Callable[[View], Column]:
    """The values of the document that is last by the time `by`. As arrays, which texts need."""

    def column(view: View) -> Column:
        kind = fields.kind(view.index, field)
        if fields.kind(view.index, by) != "date":
            raise KeyError(by)
        exists = f"{field}: *"
        condition = f"{exists} and {where}" if where else exists
        return _measure("last_value", field, kind, label, condition, sortField=by, showArrayValues=True)

    return column


def over_time(field: str, every: str = "auto") -> Callable[[View], Column]:
    """A bucket per interval of a date."""

    def column(view: View) -> Column:
        if fields.kind(view.index, field) != "date":
            raise KeyError(field)
        params = {"interval": every, "includeEmptyRows": True, "dropPartials": False}
        return _bucket("date_histogram", field, "date", "interval", params)

    return column


def top(field: str, size: int, by: str, label: str = "") -> Callable[[View], Column]:
    """A bucket per value: those with the most of the column `by`."""

    def column(view: View) -> Column:
        params = {
            "size": size,
            "orderBy": {"type": "column", "columnId": by},
            "orderDirection": "desc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
            "include": [],
            "exclude": [],
            "includeIsRegex": False,
            "excludeIsRegex": False,
        }
        kind = fields.kind(view.index, _countable(view, field))
        return _bucket("terms", field, kind, "ordinal", params) | ({"label": label} if label else {})

    return column


def _countable(view: View, field: str) -> str:
    if not fields.aggregatable(view.index, field):
        raise KeyError(field)
    return field


def _measure(operation: str, field: str, kind: str, label: str, where: str, **params: Any) -> Column:
    column = {
        "label": label,
        "customLabel": True,
        "dataType": kind,
        "operationType": operation,
        "isBucketed": False,
        "scale": "ordinal" if kind == "string" else "ratio",
        "sourceField": field,
        "params": params,
    }
    return column | ({"filter": {"query": where, "language": "kuery"}} if where else {})


def _bucket(operation: str, field: str, kind: str, scale: str, params: dict[str, Any]) -> Column:
    return {
        "label": fields.label(field),
        "customLabel": True,
        "dataType": kind,
        "operationType": operation,
        "isBucketed": True,
        "scale": scale,
        "sourceField": field,
        "params": params,
    }


def attributes(chart: Chart, layer: str, space: str = "") -> dict[str, Any]:
    """Return the state of a Lens panel by value. Raises KeyError where a field is not there or cannot be used so."""
    # What a chart is split by comes first: the most frequent of the whole time, not of each interval
    order = sorted(chart.columns, key=lambda name: name != SPLIT)
    columns = {name: chart.columns[name](chart.view) for name in order}
    return {
        "title": "",
        "type": "lens",
        "visualizationType": DRAWN_AS[chart.drawn],
        "references": [view_of(chart, layer, space)],
        "state": {
            "adHocDataViews": {},
            "datasourceStates": {
                "formBased": {
                    "layers": {
                        layer: {
                            "columnOrder": order,
                            "columns": columns,
                            "incompleteColumns": {},
                            "sampling": 1,
                        }
                    }
                }
            },
            "filters": [],
            "internalReferences": [],
            "query": {"query": chart.where, "language": "kuery"},
            "visualization": _drawing(chart, layer),
        },
    }


def view_of(chart: Chart, layer: str, space: str) -> dict[str, str]:
    """Return the reference to the chart's data view."""
    name = f"indexpattern-datasource-layer-{layer}"
    return reference(name, "index-pattern", identifier(chart.view.name, space))


def _drawing(chart: Chart, layer: str) -> dict[str, Any]:
    common = {"layerId": layer, "layerType": "data"}
    match chart.drawn:
        case "table":
            return common | {"columns": [{"columnId": name, "isTransposed": False} for name in chart.columns]}
        case "number":
            [value] = chart.columns
            return common | {"metricAccessor": value}
        case "donut":
            groups, measure = [name for name in chart.columns if name == SPLIT], list(chart.columns)[-1]
            shown = {"categoryDisplay": "default", "legendDisplay": "show", "nestedLegend": False}
            slices = {"primaryGroups": groups, "metrics": [measure], "numberDisplay": "percent"}
            return {"shape": "donut", "layers": [common | shown | slices]}
        case _:
            return _axes(chart, common)


def _axes(chart: Chart, common: dict[str, Any]) -> dict[str, Any]:
    series = SERIES[chart.drawn]
    drawn = common | {
        "accessors": [name for name in chart.columns if name not in (X, SPLIT)],
        "position": "top",
        "seriesType": series,
        "showGridlines": False,
        "xAccessor": X,
    }
    if SPLIT in chart.columns:
        drawn["splitAccessor"] = SPLIT
    shown = {"x": True, "yLeft": True, "yRight": True}
    return {
        "layers": [drawn],
        "preferredSeriesType": series,
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        # A line goes on over days on which nothing was said
        "fittingFunction": "Linear" if chart.drawn == "line" else "None",
        "axisTitlesVisibilitySettings": dict(shown),
        "tickLabelsVisibilitySettings": dict(shown),
        "gridlinesVisibilitySettings": dict(shown),
        "labelsOrientation": {"x": 0, "yLeft": 0, "yRight": 0},
    }
