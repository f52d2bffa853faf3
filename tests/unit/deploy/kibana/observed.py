"""The keys that saved objects have in public exports of Kibana 8.18 and 9, by where they stand.

Seen in elastic/integrations (dashboards with Lens panels by value, controls and references, saved searches, maps) and
in objects that Kibana 8.18.1 wrote itself. Only names are kept here: they tell whether we invent any, or leave out one
that is always there (marked !).
"""

import json
from collections.abc import Iterator
from typing import Any

from deploy.kibana.saved import Object

STAMPED_BY_8_18 = {
    "index-pattern": "8.0.0",
    "search": "10.5.0",
    "dashboard": "10.2.0",
    "map": "8.4.0",
    "tag": "8.0.0",
}

OBJECT = (
    "attributes! coreMigrationVersion! created_at id! managed references! type! typeMigrationVersion! "
    "updated_at version"
)

ATTRIBUTES = {
    "index-pattern": (
        "allowHidden allowNoIndex fieldAttrs fieldFormatMap fields name runtimeFieldMap sourceFilters "
        "timeFieldName title! typeMeta"
    ),
    "search": (
        "columns! description! grid hideChart hits isTextBasedQuery kibanaSavedObjectMeta! sort! timeRestore "
        "title! version"
    ),
    "map": "description! layerListJSON! mapStateJSON! title! uiStateJSON!",
    "dashboard": (
        "controlGroupInput description! hits kibanaSavedObjectMeta! optionsJSON! panelsJSON! refreshInterval "
        "timeFrom timeRestore! timeTo title! version!"
    ),
}

SEARCH_SOURCE = "filter! highlight highlightAll indexRefName query! version"
CONTROL_GROUP = "chainingSystem! controlStyle! ignoreParentSettingsJSON! panelsJSON! showApplySelections"
CONTROL = "explicitInput! grow! order! type! width!"
CONTROL_INPUT = (
    "dataViewId enhancements exclude existsSelected fieldName! id searchTechnique selectedOptions! sort title!"
)
PANEL = "embeddableConfig! gridData! panelIndex! panelRefName title type! version"
EMBEDDED = "attributes enhancements filters hidePanelTitles query syncColors syncCursor syncTooltips title"
GRID = "h! i! w! x! y!"

LENS = "description references! state! title! type! visualizationType!"
STATE = "adHocDataViews datasourceStates! filters! internalReferences query! visualization!"
LAYER = "columnOrder! columns! ignoreGlobalFilters incompleteColumns! indexPatternId sampling"
COLUMN = "customLabel dataType! filter isBucketed! label! operationType! params scale sourceField!"
PARAMS = {
    "terms": (
        "exclude excludeIsRegex include includeIsRegex missingBucket orderBy! orderDirection! otherBucket! "
        "parentFormat size!"
    ),
    "date_histogram": "dropPartials! includeEmptyRows! interval!",
    "count": "emptyAsNull",
    "unique_count": "emptyAsNull",
    "max": "emptyAsNull",
    "min": "emptyAsNull",
    "last_value": "showArrayValues sortField!",
}
VISUALIZATION = {
    "lnsXY": (
        "axisTitlesVisibilitySettings fittingFunction gridlinesVisibilitySettings labelsOrientation layers! "
        "legend! preferredSeriesType! tickLabelsVisibilitySettings valueLabels"
    ),
    "lnsPie": "layers! shape!",
    "lnsDatatable": "columns! layerId! layerType! rowHeight rowHeightLines",
    "lnsMetric": "color layerId! layerType! metricAccessor! subtitle",
}
DRAWN_LAYER = {
    "lnsXY": "accessors! layerId! layerType! position seriesType! showGridlines splitAccessor xAccessor!",
    "lnsPie": (
        "categoryDisplay colorMapping emptySizeRatio layerId! layerType! legendDisplay metrics! nestedLegend "
        "numberDisplay primaryGroups! truncateLegend"
    ),
}

MAP_LAYER = (
    "alpha! disableTooltips id! includeInFitToBounds! joins! label! maxZoom! minZoom! sourceDescriptor! "
    "style! type! visible!"
)
EMS_FILE = "id! tooltipProperties type!"
JOIN = "leftField! right!"
TERM_SOURCE = "applyForceRefresh applyGlobalQuery applyGlobalTime id! indexPatternRefName! metrics! term! type!"
STYLE = "isTimeAware properties! type!"
STYLED = (
    "fillColor! icon iconOrientation iconSize labelBorderColor labelBorderSize labelColor labelPosition "
    "labelSize labelText labelZoomRange lineColor lineWidth symbolizeAs"
)
MAP_STATE = "adHocDataViews center! filters! query! refreshConfig! settings timeFilters! zoom!"


def strange(one: Object) -> Iterator[str]:
    """Say which keys of an object no export had, as `where: key`, and which it lacks that all had, `where: no key`."""
    kind, attributes = one["type"], one["attributes"]
    yield from _others(kind, one, OBJECT)
    yield from _others(f"{kind}.attributes", attributes, ATTRIBUTES[kind])
    if meta := attributes.get("kibanaSavedObjectMeta"):
        yield from _others(f"{kind}.searchSource", json.loads(meta["searchSourceJSON"]), SEARCH_SOURCE)
    if kind == "map":
        yield from _map(attributes)
    if kind == "dashboard":
        yield from _controls(attributes)
        for panel in json.loads(attributes["panelsJSON"]):
            yield from _panel(panel)


def _controls(attributes: dict[str, Any]) -> Iterator[str]:
    if group := attributes.get("controlGroupInput"):
        yield from _others("controls", group, CONTROL_GROUP)
        for control in json.loads(group["panelsJSON"]).values():
            yield from _others("control", control, CONTROL)
            yield from _others("control.explicitInput", control["explicitInput"], CONTROL_INPUT)


def _panel(panel: dict[str, Any]) -> Iterator[str]:
    yield from _others("panel", panel, PANEL)
    yield from _others("panel.gridData", panel["gridData"], GRID)
    yield from _others("panel.embeddableConfig", panel["embeddableConfig"], EMBEDDED)
    if panel["type"] != "lens":
        return
    lens = panel["embeddableConfig"]["attributes"]
    yield from _others("lens", lens, LENS)
    yield from _others("lens.state", lens["state"], STATE)
    for layer in lens["state"]["datasourceStates"]["formBased"]["layers"].values():
        yield from _others("lens.layer", layer, LAYER)
        for column in layer["columns"].values():
            yield from _others("lens.column", column, COLUMN)
            yield from _others(f"lens.{column['operationType']}", column["params"], PARAMS[column["operationType"]])
    kind, drawing = lens["visualizationType"], lens["state"]["visualization"]
    yield from _others(kind, drawing, VISUALIZATION[kind])
    for drawn in drawing.get("layers", []):
        yield from _others(f"{kind}.layer", drawn, DRAWN_LAYER[kind])


def _map(attributes: dict[str, Any]) -> Iterator[str]:
    yield from _others("map.state", json.loads(attributes["mapStateJSON"]), MAP_STATE)
    for layer in json.loads(attributes["layerListJSON"]):
        yield from _others("map.layer", layer, MAP_LAYER)
        yield from _others("map.source", layer["sourceDescriptor"], EMS_FILE)
        yield from _others("map.style", layer["style"], STYLE)
        yield from _others("map.style.properties", layer["style"]["properties"], STYLED)
        for join in layer["joins"]:
            yield from _others("map.join", join, JOIN)
            yield from _others("map.join.right", join["right"], TERM_SOURCE)


def _others(where: str, value: dict[str, Any], known: str) -> Iterator[str]:
    for key in sorted(value.keys() - {key.rstrip("!") for key in known.split()}):
        yield f"{where}: {key}"
    for key in sorted({key.rstrip("!") for key in known.split() if key.endswith("!")} - value.keys()):
        yield f"{where}: no {key}"
