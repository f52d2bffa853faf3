"""Data views: which index, which field is the time, how fields are named and shown."""

from typing import Final

import msgspec

from deploy.kibana import fields
from deploy.kibana.saved import Object, dumped, identifier, saved
from services.index import indices


class View(msgspec.Struct, frozen=True):
    """A data view. time: the field of Kibana's time filter; None where documents are states, not happenings."""

    name: str
    title: str
    index: str
    time: str | None


ITEMS: Final = View("items", "News items", indices.NEWS, "event_at")
FIGURES: Final = View("figures", "News figures", indices.FIGURES, "event_at")
FEEDS: Final = View("feeds", "News feeds", indices.FEED_HEALTH, None)
# For those who run it: what came in during the last hour, whenever it happened
STORED: Final = View("stored", "News items by when they were stored", indices.NEWS, "indexed_at")
DELIVERIES: Final = View("deliveries", "News deliveries", indices.OUTBOX, "created_at")
ALL: Final = (ITEMS, FIGURES, FEEDS, STORED, DELIVERIES)


def data_view(view: View, space: str = "") -> Object:
    """Return the saved object. Raises KeyError where the index lacks the time field."""
    if view.time and fields.kind(view.index, view.time) != "date":
        raise KeyError(view.time)
    shown = {field: shown_as for field in fields.mapped(view.index) if (shown_as := fields.shown_as(view.index, field))}
    attributes = {
        "title": view.index,
        "name": view.title,
        "fields": "[]",
        "fieldAttrs": dumped({field: {"customLabel": fields.label(field)} for field in fields.mapped(view.index)}),
        "fieldFormatMap": dumped(shown),
        "runtimeFieldMap": "{}",
        "sourceFilters": dumped([{"value": pattern} for pattern in fields.hidden(view.index)]),
        "typeMeta": "{}",
        "allowNoIndex": True,
    }
    if view.time:
        attributes["timeFieldName"] = view.time
    return saved("index-pattern", identifier(view.name, space), attributes, [])
