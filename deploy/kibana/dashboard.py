"""A dashboard as Kibana saves it: panels in a grid of 48 columns, filters above them, references to what they show."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from deploy.kibana import fields, lens
from deploy.kibana.lens import Chart
from deploy.kibana.saved import Object, dumped, identifier, reference, saved, search_source
from deploy.kibana.searches import Search
from deploy.kibana.views import View

WIDTH: Final = 48


class SavedSearch(msgspec.Struct, frozen=True):
    """A panel that shows a saved search."""

    search: Search


class SavedMap(msgspec.Struct, frozen=True):
    """A panel that shows a saved map."""

    name: str
    title: str


Panel = Chart | SavedSearch | SavedMap


class Dashboard(msgspec.Struct, frozen=True):
    """A dashboard. rows: (height, panels side by side). controls: the fields that a reader filters by, of one view."""

    name: str
    title: str
    description: str
    since: str
    rows: tuple[tuple[int, tuple[Panel, ...]], ...]
    controls: tuple[View, tuple[str, ...]] | None = None
    refresh_s: int = 300


def dashboard(described: Dashboard, space: str = "") -> Object:
    """Return the saved object. Raises KeyError where a field is not there or cannot be used so."""
    panels: list[dict[str, Any]] = []
    references: list[dict[str, str]] = []
    for grid, panel in _placed(described):
        shown, needed = _panel(panel, grid, space)
        panels.append(shown)
        references += needed
    options = {"hidePanelTitles": False, "useMargins": True, "syncColors": False, "syncCursor": True}
    attributes = {
        "title": described.title,
        "description": described.description,
        "panelsJSON": dumped(panels),
        "optionsJSON": dumped(options | {"syncTooltips": False}),
        "timeRestore": True,
        "timeFrom": described.since,
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": described.refresh_s * 1000},
        "version": 3,
        "kibanaSavedObjectMeta": search_source(""),
    }
    if described.controls:
        attributes["controlGroupInput"], needed = _controls(*described.controls, space)
        references += needed
    return saved("dashboard", identifier(described.name, space), attributes, references)


def _placed(described: Dashboard) -> Iterator[tuple[dict[str, Any], Panel]]:
    """Each panel with its place; its id follows from row and title, so that a chart that moves is the same chart."""
    y = 0
    for height, panels in described.rows:
        for number, panel in enumerate(panels):
            left, right = WIDTH * number // len(panels), WIDTH * (number + 1) // len(panels)
            yield {"x": left, "y": y, "w": right - left, "h": height, "i": _slug(panel)}, panel
        y += height


def _slug(panel: Panel) -> str:
    match panel:
        case SavedSearch():
            return f"search-{panel.search.name}"
        case SavedMap():
            return f"map-{panel.name}"
        case Chart():
            words = re.sub(r"[^a-z0-9]+", "-", panel.title.lower()).strip("-")
            return f"{panel.drawn}-{words}"


def _panel(panel: Panel, grid: dict[str, Any], space: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    place = {"gridData": grid, "panelIndex": (index := grid["i"])}
    match panel:
        case Chart():
            layer = f"layer-{index}"
            config = {"attributes": lens.attributes(panel, layer, space), "enhancements": {}}
            view = lens.view_of(panel, layer, space)
            shown = {"type": "lens", "title": panel.title, "embeddableConfig": config}
            return place | shown, [view | {"name": f"{index}:{view['name']}"}]
        case SavedSearch():
            kind, target, title = "search", panel.search.name, panel.search.title
        case SavedMap():
            kind, target, title = "map", panel.name, panel.title
    by_reference = {"type": kind, "title": title, "panelRefName": f"panel_{index}"}
    needed = reference(f"{index}:panel_{index}", kind, identifier(target, space))
    return place | by_reference | {"embeddableConfig": {"enhancements": {}}}, [needed]


def _controls(view: View, names: tuple[str, ...], space: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    view_id = identifier(view.name, space)
    panels = {}
    for order, field in enumerate(names):
        if not fields.aggregatable(view.index, field):
            raise KeyError(field)
        panels[field] = {
            "type": "optionsListControl",
            "order": order,
            "width": "medium",
            "grow": True,
            "explicitInput": {
                "id": field,
                "dataViewId": view_id,
                "fieldName": field,
                "title": fields.label(field),
                "searchTechnique": "prefix",
                "selectedOptions": [],
                "exclude": False,
                "existsSelected": False,
                "sort": {"by": "_count", "direction": "desc"},
                "enhancements": {},
            },
        }
    ignored = dict.fromkeys(("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations"), False)
    group = {
        "chainingSystem": "HIERARCHICAL",
        "controlStyle": "oneLine",
        "showApplySelections": False,
        "ignoreParentSettingsJSON": dumped(ignored),
        "panelsJSON": dumped(panels),
    }
    return group, [reference(f"controlGroup_{name}:optionsListDataView", "index-pattern", view_id) for name in names]
