"""The search engine, Elasticsearch 9 or OpenSearch, as the services use it. Its client is imported here, in
encoding.py, opensearch.py, introduction.py, point_in_time.py, security.py and verdicts.py only.

Every method raises Invalid (the engine will never take this document or query) or Transient (the world is not ready).
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

from elastic_transport import AiohttpHttpNode, ApiError, TransportError
from elastic_transport.client_utils import url_to_node_config
from elasticsearch import AsyncElasticsearch

from schemas.errors import Invalid, Transient
from services import settings
from services.engine import operations as writing
from services.engine import point_in_time, verdicts
from services.engine.encoding import SERIALIZERS
from services.engine.introduction import authorization, introduced
from services.engine.opensearch import OpenSearchNode
from services.engine.operations import BulkResult, Create, Operation, Put, Remove, Replace, Stored
from services.telemetry import Progress, logger

__all__ = ["BulkResult", "Create", "Engine", "Operation", "Put", "Remove", "Replace", "Snapshot", "Stored", "connect"]

log = logger(__name__)

Refresh = bool | Literal["wait_for"]

BULK_ATTEMPTS = 5
BARRED_S = 1.0  # until a write that an index being moved refused is tried again
BARRED_PATIENCE_S = 60.0
BULK_PATIENCE_S = 120.0  # after which no write is sent any more: a follower's window counts on it (index/following.py)


class Engine:
    """Documents and queries. Reads by id are real-time; a search sees what was refreshed."""

    def __init__(self, client: AsyncElasticsearch, *, is_opensearch: bool = False) -> None:
        self.client = client
        self.is_opensearch = is_opensearch

    async def get(self, index: str, document_id: str) -> Stored | None:
        """Return the document, or None."""
        return (await self.mget(index, [document_id])).get(document_id)

    async def mget(self, index: str, ids: Sequence[str], *, only: Sequence[str] | None = None) -> dict[str, Stored]:
        """Return the documents that exist, by id. only: fields; such a document is not one to replace."""
        if not ids:
            return {}
        unique = list(dict.fromkeys(ids))
        answer = await self._ask(self.client.mget(index=index, ids=unique, source_includes=only, realtime=True))
        for document in answer["docs"]:
            if "error" in document:  # of the whole index, e.g. missing or with a shard away
                hint = verdicts.hint(document["error"].get("type"))
                raise Transient(f"read from {index}: {document['error'].get('reason')}{hint}")
        return {
            document["_id"]: Stored(
                document["_id"],
                document["_source"],
                document["_seq_no"],
                document["_primary_term"],
                document["_index"],
            )
            for document in answer["docs"]
            if document["found"]
        }

    async def create(
        self, index: str, document_id: str, document: Mapping[str, Any], *, refresh: Refresh = False
    ) -> bool:
        """Write a new document. False when it exists."""
        return await self._one(index, Create(document_id, document), refresh)

    async def replace(
        self, index: str, stored: Stored, document: Mapping[str, Any], *, refresh: Refresh = False
    ) -> bool:
        """Write over the state that was read. False when it has changed since."""
        return await self._one(index, Replace(stored, document), refresh)

    async def put(self, index: str, document_id: str, document: Mapping[str, Any], *, refresh: Refresh = False) -> None:
        """Write over anything; the last write wins."""
        await self._one(index, Put(document_id, document), refresh)

    async def delete(self, index: str, document_id: str, *, refresh: Refresh = False) -> bool:
        """Delete the document. False when there is none."""
        started = time.monotonic()
        while True:
            try:
                await self.client.delete(index=index, id=document_id, refresh=refresh)
                return True
            except ApiError as error:
                body = error.body if isinstance(error.body, dict) else {}
                if error.meta.status == 404 and body.get("result") == "not_found":
                    return False
                if not verdicts.is_barred(body.get("error")) or time.monotonic() - started > BARRED_PATIENCE_S:
                    raise verdicts.translated(error) from error
            except TransportError as error:
                raise verdicts.translated(error) from error
            await asyncio.sleep(BARRED_S)

    async def bulk(self, index: str, operations: Sequence[Operation], *, refresh: Refresh = False) -> list[BulkResult]:
        """Write the documents and return a result for each, in order.

        Operations that the engine is too busy for (429, 503) are sent again, alone; Transient when it stays busy.
        So are those that an index refuses since it is being moved (docs/reindex.md); once it has moved, a Replace is a
        conflict: what it replaces is in another index now.
        """
        started = time.monotonic()
        results: dict[int, BulkResult] = {}
        lines = [writing.encoded(operation) for operation in operations]
        left = list(range(len(operations)))
        attempts = 0
        while left:
            busy: list[int] = []
            barred: list[int] = []
            for chunk in writing.chunks(left, lines):
                if time.monotonic() - started > BULK_PATIENCE_S:
                    raise Transient(f"writing {len(operations)} documents to {index} takes too long")
                body: Any = [line for number in chunk for line in lines[number]]
                answer = await self._ask(
                    self.client.bulk(index=index, operations=body, refresh=refresh, require_alias=True)
                )
                for number, item in zip(chunk, answer["items"], strict=True):
                    if writing.is_barred(item):
                        barred.append(number)
                        continue
                    answered = writing.result(item)
                    if answered is None:
                        busy.append(number)
                    else:
                        results[number] = answered
            if barred:
                if time.monotonic() - started > BARRED_PATIENCE_S:
                    raise Transient(f"{index} is being moved, or was left so: run `python -m services.index reindex`")
                await asyncio.sleep(BARRED_S)
                behind = await self.indices_named(index)
                moved = {number for number in barred if _read_elsewhere(operations[number], behind)}
                results |= {number: BulkResult(operations[number].id, "conflict", "moved") for number in moved}
                barred = [number for number in barred if number not in moved]
            if busy:
                attempts += 1
                if attempts == BULK_ATTEMPTS:
                    raise Transient(f"the engine is too busy for {len(busy)} of {len(operations)} writes to {index}")
                await asyncio.sleep(min(10.0, 0.2 * 2**attempts) * random.uniform(0.5, 1.0))
            left = sorted(busy + barred)
        return [results[number] for number in range(len(operations))]

    async def search(self, index: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the engine's answer to a search."""
        answer: dict[str, Any] = await self._ask(self.client.search(index=index, body=dict(body)))
        return answer

    @asynccontextmanager
    async def point_in_time(self, index: str) -> AsyncIterator["Snapshot"]:
        """The index as it is now, for searches that go on from each other (`search_after`)."""
        try:
            pit_id = await point_in_time.opened(self.client, index, is_opensearch=self.is_opensearch)
        except (ApiError, TransportError) as error:
            raise verdicts.translated(error) from error
        snapshot = Snapshot(self, pit_id)
        try:
            yield snapshot
        finally:
            with suppress(ApiError, TransportError):  # it ends by itself, too
                await point_in_time.closed(self.client, snapshot.pit_id, is_opensearch=self.is_opensearch)

    async def msearch(self, index: str, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the engine's answers to several searches, in order. Raises for the first that failed."""
        if not bodies:
            return []
        lines = [line for body in bodies for line in ({"index": index}, body)]
        answer = await self._ask(self.client.msearch(searches=lines))
        for response in answer["responses"]:
            if "error" in response:
                raise verdicts.judged(response["status"], response["error"])
        responses: list[dict[str, Any]] = answer["responses"]
        return responses

    async def refresh(self, index: str) -> None:
        """Make all that was written visible to searches."""
        await self._ask(self.client.indices.refresh(index=index))

    async def get_template(self, name: str) -> dict[str, Any] | None:
        """Return the body of an index template, or None."""
        found = await self._ask(self.client.options(ignore_status=404).indices.get_index_template(name=name))
        templates = found.get("index_templates", ())
        return templates[0]["index_template"] if templates else None

    async def put_template(self, name: str, body: Mapping[str, Any]) -> None:
        """Write an index template."""
        await self._ask(self.client.indices.put_index_template(name=name, **body))

    async def indices_named(self, name: str) -> dict[str, dict[str, Any]]:
        """Return the index of this name, or those behind this alias, each with `aliases`, `mappings` and `settings`."""
        found: dict[str, Any] = await self._ask(self.client.options(ignore_status=404).indices.get(index=name))
        return {} if "error" in found else found

    async def create_index(self, name: str, *, alias: str) -> None:
        """Create an index, as its template says, behind an alias."""
        await self._ask(self.client.indices.create(index=name, aliases={alias: {"is_write_index": True}}))

    async def put_mapping(self, name: str, mapping: Mapping[str, Any]) -> None:
        """Add fields to an index."""
        await self._ask(self.client.indices.put_mapping(index=name, **mapping))

    async def _one(self, index: str, operation: Operation, refresh: Refresh) -> bool:
        [result] = await self.bulk(index, [operation], refresh=refresh)
        if result.verdict == "invalid":
            raise Invalid(f"{index}/{operation.id}: {result.error}", reason="engine_refused")
        return result.verdict == "ok"

    async def _ask(self, request: Any) -> Any:
        try:
            return (await request).body
        except (ApiError, TransportError) as error:
            raise verdicts.translated(error) from error


def _read_elsewhere(operation: Operation, behind: Mapping[str, Any]) -> bool:
    """Whether it replaces what was read in none of these indices."""
    return isinstance(operation, Replace) and bool(operation.stored.index) and operation.stored.index not in behind


class Snapshot:
    """A state of an index. Searches raise Transient where it has ended, five minutes after the search before."""

    def __init__(self, engine: Engine, pit_id: str) -> None:
        self._engine = engine
        self.pit_id = pit_id

    async def search(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the engine's answer to a search of this state."""
        pit = {"id": self.pit_id, "keep_alive": point_in_time.KEEP_ALIVE}
        answer: dict[str, Any] = await self._engine._ask(self._engine.client.search(body={**body, "pit": pit}))
        self.pit_id = answer.get("pit_id", self.pit_id)
        return answer


@asynccontextmanager
async def connect(progress: Progress | None = None) -> AsyncIterator[Engine]:
    """The engine that the settings name, waiting for it as long as it takes. Raises SystemExit when it refuses us."""
    configured = settings.Engine()
    node_config = url_to_node_config(configured.elasticsearch_url, use_default_ports_for_scheme=True)
    if configured.elasticsearch_ca_file and node_config.scheme == "https":
        node_config = node_config.replace(ca_certs=str(configured.elasticsearch_ca_file))
    credentials = authorization(configured)
    about = await introduced(node_config, credentials, progress)
    is_opensearch = about.get("distribution") == "opensearch"
    log.info(
        "search engine found", engine="OpenSearch" if is_opensearch else "Elasticsearch", version=about.get("number")
    )
    client = AsyncElasticsearch(
        [node_config],
        node_class=OpenSearchNode if is_opensearch else AiohttpHttpNode,
        headers=credentials,
        serializers=SERIALIZERS,
        request_timeout=configured.elasticsearch_timeout_s,
        max_retries=0,
        retry_on_timeout=False,
    )
    try:
        yield Engine(client, is_opensearch=is_opensearch)
    finally:
        await client.close()
