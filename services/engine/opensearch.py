"""What the elasticsearch client needs to speak to OpenSearch. Used only where the engine says that it is OpenSearch.

Client 9 asks in `application/vnd.elasticsearch+json; compatible-with=9`, which OpenSearch does not know, and refuses
answers without the header X-Elastic-Product (elasticsearch-py, _async/client/_base.py).
"""

import re
from typing import Any

from elastic_transport import AiohttpHttpNode, HttpHeaders
from elastic_transport.client_utils import DEFAULT

_VENDOR_TYPE = re.compile(r"application/vnd\.elasticsearch\+([a-z-]+)\s*;\s*compatible-with=\d+")


def plain_media_type(value: str) -> str:
    """Return a header's media types without Elastic's vendor prefix."""
    return _VENDOR_TYPE.sub(r"application/\1", value)


class OpenSearchNode(AiohttpHttpNode):
    """A node that asks in plain media types and answers as the client wants to be answered."""

    async def perform_request(  # type: ignore[override]
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = DEFAULT,
    ) -> Any:
        plain = HttpHeaders({name: plain_media_type(value) for name, value in (headers or {}).items()})
        answer = await super().perform_request(method, target, body, plain, request_timeout)
        answer.meta.headers = HttpHeaders({**answer.meta.headers, "x-elastic-product": "Elasticsearch"})
        return answer
