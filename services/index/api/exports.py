"""/v1/items/export: every item of a search as a file."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameter
from fastapi.responses import StreamingResponse

from services.index import export
from services.index.api.asked import InAsked
from services.index.api.context import InContext
from services.index.api.errors import Refusal
from services.index.api.models import Problem
from services.index.export import Form, Source

router = APIRouter(prefix="/v1", tags=["items"])

AT_ONCE = 3  # exports under way in one process: each holds a page of items in memory, and a state of the index
_under_way = asyncio.Semaphore(AT_ONCE)

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {name: {"schema": {"type": "string"}} for name in export.MEDIA_TYPES.values()}},
    429: {"model": Problem, "description": "Too many exports are under way"},
}


@router.get("/items/export", summary="Export a search", responses=RESPONSES, response_class=StreamingResponse)
async def export_items(
    context: InContext,
    asked: InAsked,
    form: Annotated[Form, Parameter(alias="format", description="csv: for spreadsheets; ndjson: whole items")],
) -> StreamingResponse:
    """Every item that matches, the newest first, all as they are at one moment; streamed, without a limit.

    CSV: UTF-8 with a byte order mark, a header row, lists joined by ` | `, no text of articles. A cell that a
    spreadsheet would take for a formula begins with an apostrophe. NDJSON: an item a line, with text, tags, evidence.
    A connection that breaks off before its end means that the file is incomplete.
    """
    query = asked.query()
    if _under_way.locked():
        hint = "try again when another has ended, or use `python -m services.index export`"
        raise Refusal(429, "too_many_exports", f"{AT_ONCE} exports are under way", hint=hint)
    pages = export.pages(context.engine, query, form)
    first: list[Source] = await anext(pages, [])  # what is wrong is answered with a status, not with half a file
    name = f"news-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
    return StreamingResponse(
        _streamed(pages, first, form),
        media_type=export.MEDIA_TYPES[form],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


async def _streamed(pages: AsyncGenerator[list[Source]], first: list[Source], form: Form) -> AsyncIterator[bytes]:
    async with _under_way, aclosing(pages):
        yield export.head(form) + export.lines(form, first)
        async for page in pages:
            yield await asyncio.to_thread(export.lines, form, page)
