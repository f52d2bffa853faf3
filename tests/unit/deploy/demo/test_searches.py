"""Saved searches are made anew, and only the demo's own are deleted."""

import json
from typing import Any

import httpx
import pytest

from deploy.demo.searches import SEARCHES, SavedSearches
from services.index.api import models

HOOK = "http://127.0.0.1:8401/hooks/news"


def stored(search_id: str, url: str | None) -> dict[str, Any]:
    endpoint = {"id": "e", "url": url} if url else None
    return {
        "id": search_id,
        "name": "n",
        "query": {},
        "version": 1,
        "updated_at": "2026-05-04T12:00:00Z",
        "updated_by": None,
        "timing": {},
        "endpoint": endpoint,
        "created_at": "2026-05-04T12:00:00Z",
    }


class Api:
    """The routes that the demo uses; what they take and give is checked against the API's own models."""

    def __init__(self, *endpoints: str | None) -> None:
        self.searches = [stored(f"old-{n}", url) for n, url in enumerate(endpoints)]
        self.made: list[dict[str, object]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.method:
            case "GET":
                shown = models.Searches.model_validate({"searches": self.searches})
                return httpx.Response(200, json=shown.model_dump(mode="json"))
            case "DELETE":
                gone = request.url.path.rsplit("/", 1)[1]
                self.searches = [search for search in self.searches if search["id"] != gone]
                return httpx.Response(204)
            case _:
                given = models.NewSearch.model_validate_json(request.content)
                self.made.append(json.loads(request.content))
                shown_one = stored(f"new-{len(self.made)}", given.endpoint.url)
                return httpx.Response(201, json=models.Search.model_validate(shown_one).model_dump(mode="json"))


def saved(api: httpx.MockTransport) -> SavedSearches:
    return SavedSearches(httpx.AsyncClient(transport=api, base_url="http://api"), HOOK, "whsec_x")


async def test_those_of_an_earlier_run_go_and_others_stay() -> None:
    api = Api(HOOK, "https://somebody.example/hook", None, HOOK)
    await saved(httpx.MockTransport(api)).renew()
    assert [search["id"] for search in api.searches] == ["old-1", "old-2"]


async def test_each_calls_the_receiver_and_is_known_by_its_name() -> None:
    api = Api()
    searches = saved(httpx.MockTransport(api))
    await searches.renew()
    assert [made["name"] for made in api.made] == list(SEARCHES)
    assert all(made["endpoint"] == {"url": HOOK, "secret": "whsec_x"} for made in api.made)
    assert searches.name("new-2") == list(SEARCHES)[1]
    assert searches.name("somebody's") == "somebody's"
    assert (searches.has("new-2"), searches.has("somebody's"), searches.has(None)) == (True, False, False)


async def test_a_refusal_is_raised() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        await saved(httpx.MockTransport(lambda request: httpx.Response(401))).renew()
