"""All of our objects, in an order in which each comes after those that it refers to."""

from pathlib import Path
from typing import Final

from deploy.kibana import dashboards, searches, views
from deploy.kibana.countries_map import countries_map
from deploy.kibana.dashboard import dashboard
from deploy.kibana.saved import Object
from deploy.kibana.searches import saved_search
from deploy.kibana.views import data_view

# The file that a person may import by hand; the command makes the same
FILE: Final = Path(__file__).with_name("objects.ndjson")


def objects(space: str = "") -> list[Object]:
    """Return the objects for a space, "" being the default one. Raises KeyError where mapping and charts disagree."""
    return [
        *(data_view(view, space) for view in views.ALL),
        *(saved_search(search, space) for search in searches.ALL),
        countries_map(space),
        *(dashboard(described, space) for described in dashboards.ALL),
    ]
