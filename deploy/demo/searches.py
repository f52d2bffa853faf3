"""The demo's saved searches, made through the API as anybody would make them."""

from collections.abc import Mapping
from typing import Any

import httpx

# name -> query, as POST /v1/searches takes it
SEARCHES: Mapping[str, Mapping[str, Any]] = {
    "Kenyan police": {"text": "police | polici* | polisi | polisye", "countries": ["KE"]},
    "Force de répression des gangs": {"text": '"force de répression des gangs"'},
    "Pledges": {"text": "pledge* | promis* | prometid* | pwomèt"},
    "Otunge": {"text": "Otunge"},
}

# Each alert is to be seen arriving: nothing waits for a follow-up.
AT_ONCE: Mapping[str, Any] = {"threads": False, "per_hour": 1_000}


class SavedSearches:
    """Made anew in each run: an alert comes once per story and search, and the stories of the last run come again."""

    def __init__(self, api: httpx.AsyncClient, receiver_url: str, secret: str) -> None:
        self._api = api
        self._endpoint = {"url": receiver_url, "secret": secret}
        self._names: dict[str, str] = {}

    async def renew(self) -> None:
        """Delete those that an earlier run left (known by the endpoint) and make them. Raises httpx.HTTPError."""
        known = (await self._api.get("/v1/searches")).raise_for_status().json()["searches"]
        for search in known:
            if search["endpoint"] and search["endpoint"]["url"] == self._endpoint["url"]:
                (await self._api.delete(f"/v1/searches/{search['id']}")).raise_for_status()
        for name, query in SEARCHES.items():
            wanted = {"name": name, "query": query, "endpoint": self._endpoint, "timing": AT_ONCE}
            made = await self._api.post("/v1/searches", json=wanted)
            self._names[made.raise_for_status().json()["id"]] = name

    def has(self, search_id: str | None) -> bool:
        """Whether the search is of this run."""
        return search_id in self._names

    def name(self, search_id: str | None) -> str:
        """The name of one of ours; of any other its id."""
        return self._names.get(search_id or "", search_id or "")
