"""Saved searches of Discover."""

from typing import Final

import msgspec

from deploy.kibana import fields, views
from deploy.kibana.saved import Object, identifier, reference, saved, search_source
from deploy.kibana.views import View

SOURCE_INDEX: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"


class Search(msgspec.Struct, frozen=True):
    """A saved search. query: in Kibana's query language. The newest first, by `sort` (default the view's time)."""

    name: str
    title: str
    description: str
    view: View
    query: str
    columns: tuple[str, ...]
    sort: str = ""


RELEVANT: Final = Search(
    "relevant",
    "News: relevant items",
    "What is about the mission, the newest first.",
    views.ITEMS,
    "relevant: true",
    ("title", "feed_title", "language", "country", "person", "organisation", "url"),
)
PLEDGES: Final = Search(
    "pledges",
    "News: pledged, arrived, deployed",
    "Every number of people that an item says was pledged, arrived or is deployed.",
    views.FIGURES,
    "kind: (pledged or arrived or deployed) and unit: personnel",
    ("country", "kind", "value", "approximate", "title", "feed_title", "url"),
)
WITHDRAWALS: Final = Search(
    "withdrawals",
    "News: countries that withdraw",
    "Items in which a country takes back its people or its pledge.",
    views.ITEMS,
    "relevant: true and country_withdrew: *",
    ("title", "country_withdrew", "feed_title", "url"),
)
NEARLY: Final = Search(
    "nearly",
    "News: nearly relevant",
    "Items just below the threshold: for whoever tunes the gazetteer.",
    views.ITEMS,
    "relevant: false and relevance >= 0.25",
    ("relevance", "title", "feed_title", "language", "country", "url"),
)
FAILING_FEEDS: Final = Search(
    "failing-feeds",
    "News: feeds in trouble",
    "Feeds that fail, that fell silent or between whose polls items were probably lost.",
    views.FEEDS,
    "failures >= 1 or silent_since: * or missed: true",
    ("title", "outcome", "status", "failures", "at", "silent_since", "missed", "error", "url"),
    sort="failures",
)
ALL: Final = (RELEVANT, PLEDGES, WITHDRAWALS, NEARLY, FAILING_FEEDS)


def saved_search(search: Search, space: str = "") -> Object:
    """Return the saved object. Raises KeyError where the index lacks one of the columns."""
    sort = search.sort or search.view.time
    if not sort:
        raise KeyError(f"{search.name}: sort")
    for column in (*search.columns, sort):
        fields.kind(search.view.index, column)
    attributes = {
        "title": search.title,
        "description": search.description,
        "columns": list(search.columns),
        "sort": [[sort, "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": search_source(search.query, indexRefName=SOURCE_INDEX),
    }
    references = [reference(SOURCE_INDEX, "index-pattern", identifier(search.view.name, space))]
    return saved("search", identifier(search.name, space), attributes, references)
