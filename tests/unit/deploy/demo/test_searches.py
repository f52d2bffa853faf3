"""Saved searches are made anew, and only the demo's own are deleted."""

import json

import httpx
import pytest

from deploy.demo.searches import SEARCHES, SavedSearches

HOOK = "http://127.0.0.1:8401/hooks/news"


class Api:
    def __init__(self, *endpoints: str) -> None:
        self.searches = [{"id": f"old-{n}", "endpoints": [{"id": "e", "url": url}]} for n, url in enumerate(endpoints)]
        self.made: list[dict[str, object]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.method:
            case "GET":
                return httpx.Response(200, json={"searches": self.searches})
            case "DELETE":
                gone = request.url.path.rsplit("/", 1)[1]
                self.searches = [search for search in self.searches if search["id"] != gone]
                return httpx.Response(204)
            case _:
                self.made.append(json.loads(request.content))
                return httpx.Response(201, json={"id": f"new-{len(self.made)}"})


def saved(api: httpx.MockTransport) -> SavedSearches:
    return SavedSearches(httpx.AsyncClient(transport=api, base_url="http://api"), HOOK, "whsec_x")


async def test_those_of_an_earlier_run_go_and_others_stay() -> None:
    api = Api(HOOK, "https://somebody.example/hook", HOOK)
    await saved(httpx.MockTransport(api)).renew()
    assert [search["id"] for search in api.searches] == ["old-1"]


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
