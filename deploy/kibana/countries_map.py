"""The map: a layer per role of a country, coloured by how many items name it in that role.

Kibana has no outlines of countries itself: the reader's browser loads them from Elastic's maps service (or the one
that `map.emsUrl` names), and they are joined by ISO 3166-1 alpha-2 code, their property `iso2`.
"""

from typing import Any, Final

from deploy.kibana import fields, views
from deploy.kibana.saved import Object, dumped, identifier, reference, saved

NAME: Final = "countries-map"
TITLE: Final = "News: countries by role"

# (field, colours, shown at first?) the lowest layer first
LAYERS: Final = (
    ("country_mentioned", "Greys", False),
    ("country_withdrew", "Reds", False),
    ("country_pledged", "Yellow to Red", False),
    ("country_contributor", "Blues", True),
)


def countries_map(space: str = "") -> Object:
    """Return the saved object. Raises KeyError where the index lacks a role's field."""
    layers = [_layer(number, *layer) for number, layer in enumerate(LAYERS)]
    state = {
        "adHocDataViews": [],
        "zoom": 1.6,
        "center": {"lon": 0, "lat": 20},
        "timeFilters": {"from": "now-30d", "to": "now"},
        "refreshConfig": {"isPaused": True, "interval": 60000},
        "query": {"query": "relevant: true", "language": "kuery"},
        "filters": [],
        "settings": {"autoFitToDataBounds": False, "initialLocation": "LAST_SAVED_LOCATION"},
    }
    attributes = {
        "title": TITLE,
        "description": "A layer per role; contributors are shown at first. Needs Elastic's maps service.",
        "layerListJSON": dumped(layers),
        "mapStateJSON": dumped(state),
        "uiStateJSON": dumped({"isLayerTOCOpen": True, "openTOCDetails": []}),
    }
    view = identifier(views.ITEMS.name, space)
    references = [reference(_view_of(number), "index-pattern", view) for number in range(len(LAYERS))]
    return saved("map", identifier(NAME, space), attributes, references)


def _view_of(layer: int) -> str:
    return f"layer_{layer}_join_0_index_pattern"


def _layer(number: int, field: str, colours: str, visible: bool) -> dict[str, Any]:
    fields.kind(views.ITEMS.index, field)
    count = {"name": f"__kbnjoin__count__{field}", "origin": "join"}
    return {
        "id": field,
        "type": "GEOJSON_VECTOR",
        "label": fields.label(field),
        "minZoom": 0,
        "maxZoom": 24,
        "alpha": 0.75,
        "visible": visible,
        "includeInFitToBounds": True,
        "sourceDescriptor": {"type": "EMS_FILE", "id": "world_countries", "tooltipProperties": ["name", "iso2"]},
        "joins": [
            {
                "leftField": "iso2",
                "right": {
                    "type": "ES_TERM_SOURCE",
                    "id": field,
                    "term": field,
                    "metrics": [{"type": "count", "label": "Items"}],
                    "applyGlobalQuery": True,
                    "applyGlobalTime": True,
                    "applyForceRefresh": True,
                    "indexPatternRefName": _view_of(number),
                },
            }
        ],
        "style": {
            "type": "VECTOR",
            "isTimeAware": True,
            "properties": {
                "fillColor": {
                    "type": "DYNAMIC",
                    "options": {
                        "type": "ORDINAL",
                        "color": colours,
                        "field": count,
                        "fieldMetaOptions": {"isEnabled": True, "sigma": 3},
                    },
                },
                "lineColor": {"type": "STATIC", "options": {"color": "#3d3d3d"}},
                "lineWidth": {"type": "STATIC", "options": {"size": 1}},
                "labelText": {"type": "DYNAMIC", "options": {"field": count}},
            },
        },
    }
