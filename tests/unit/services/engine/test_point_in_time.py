"""A point in time is asked for in the words of the engine that is there."""

from typing import Any, ClassVar

import msgspec
import pytest
from elastic_transport import AiohttpHttpNode, ApiResponseMeta, HttpHeaders
from elastic_transport._node._base import NodeApiResponse
from elasticsearch import AsyncElasticsearch

from services.engine import Engine


class Answering(AiohttpHttpNode):
    """A node that writes down what it is asked, and names each search's state anew."""

    asked: ClassVar[list[tuple[str, str, Any]]] = []

    async def perform_request(  # type: ignore[override]
        self, method: str, target: str, body: bytes | None = None, headers: Any = None, request_timeout: Any = None
    ) -> NodeApiResponse:
        sent = msgspec.json.decode(body) if body else None
        self.asked.append((method, target, sent))
        answer = {"id": "first", "pit_id": "first"} if target.startswith("/news/") else {"pit_id": "second"}
        headers = HttpHeaders({"x-elastic-product": "Elasticsearch", "content-type": "application/json"})
        return NodeApiResponse(ApiResponseMeta(200, "1.1", headers, 0.0, self.config), msgspec.json.encode(answer))


@pytest.mark.parametrize(
    ("is_opensearch", "opening", "closing"),
    [
        (
            False,
            ("POST", "/news/_pit?keep_alive=5m", None),
            ("DELETE", "/_pit", {"id": "second"}),
        ),
        (
            True,
            ("POST", "/news/_search/point_in_time?keep_alive=5m", None),
            ("DELETE", "/_search/point_in_time", {"pit_id": ["second"]}),
        ),
    ],
)
async def test_it_is_opened_searched_under_its_latest_name_and_closed(
    is_opensearch: bool, opening: Any, closing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answering, "asked", [])
    async with (
        AsyncElasticsearch("http://127.0.0.1:9", node_class=Answering) as client,
        Engine(client, is_opensearch=is_opensearch).point_in_time("news") as snapshot,
    ):
        await snapshot.search({"size": 1})
        await snapshot.search({"size": 1})
    opened, first, second, closed = Answering.asked
    assert (opened, closed) == (opening, closing)
    assert first == ("POST", "/_search", {"size": 1, "pit": {"id": "first", "keep_alive": "5m"}})
    assert second == ("POST", "/_search", {"size": 1, "pit": {"id": "second", "keep_alive": "5m"}})
