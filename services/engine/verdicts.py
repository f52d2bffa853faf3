"""The engine's errors, by what is to be done about them. One table for the items of a bulk and for whole requests."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from elastic_transport import ApiError, TransportError

from schemas.errors import Invalid, Transient

Verdict = Literal["conflict", "invalid", "transient"]

# What an error means, by the engine's own name for it, and else by HTTP status. One name can come with several
# statuses. Sources: elastic/elasticsearch ElasticsearchException.java and RestStatus.java, and seen on OpenSearch 3.8.
BY_TYPE: Mapping[str, Verdict] = {
    "strict_dynamic_mapping_exception": "invalid",
    "mapper_parsing_exception": "invalid",
    "document_parsing_exception": "invalid",
    "illegal_argument_exception": "invalid",
    "action_request_validation_exception": "invalid",
    "version_conflict_engine_exception": "conflict",
    "es_rejected_execution_exception": "transient",
    "rejected_execution_exception": "transient",
    "circuit_breaking_exception": "transient",
    "unavailable_shards_exception": "transient",
    "index_closed_exception": "transient",
    "index_not_found_exception": "transient",  # set-up has not run
    "cluster_block_exception": "transient",  # e.g. the disk is nearly full
}
BY_STATUS: Mapping[int, Verdict] = {
    400: "invalid",
    401: "transient",  # a key is replaced, a role is mended: never a fault of the document
    403: "transient",
    404: "transient",
    408: "transient",
    409: "conflict",
    413: "invalid",
    429: "transient",
}


# IndexMetadata.INDEX_WRITE_BLOCK of both engines, and how it is called while it is being set (IndexStateService).
_WRITE_BLOCK = re.compile(r"/8/(moving to block )?index write")


def verdict(status: int, error_type: str | None) -> Verdict:
    """What is to be done about an error. Raises RuntimeError for one that no table names: a bug."""
    named = BY_TYPE.get(error_type or "") or BY_STATUS.get(status) or ("transient" if status >= 500 else None)
    if named is None:
        raise RuntimeError(f"the engine answered {status} {error_type}, which has no verdict")
    return named


def is_barred(error: Any) -> bool:
    """Whether this is the block that `python -m services.index reindex` puts on an index before it switches."""
    is_block = isinstance(error, dict) and error.get("type") == "cluster_block_exception"
    return is_block and _WRITE_BLOCK.search(str(error.get("reason"))) is not None


def reason(error: Any) -> str:
    """The engine's words, innermost cause first known last."""
    if not isinstance(error, dict):
        return str(error)
    words = f"{error.get('type')}: {error.get('reason')}"
    causes = [error.get("caused_by"), *[cause.get("reason") for cause in error.get("failed_shards", ())[:1]]]
    return " <- ".join([words, *(reason(cause) for cause in causes if isinstance(cause, dict))])


def judged(status: int, error: Any) -> Invalid | Transient:
    """The exception for an error of a whole request. A conflict there is one that no caller asked for: try again."""
    error_type = error.get("type") if isinstance(error, dict) else None
    if verdict(status, error_type) == "invalid":
        return Invalid(reason(error), reason="engine_refused")
    return Transient(f"{status} {reason(error)}{hint(error_type)}")


def hint(error_type: str | None) -> str:
    """What to do about an error, where that is known."""
    return ": run `python -m services.index setup`" if error_type == "index_not_found_exception" else ""


def translated(error: ApiError | TransportError) -> Invalid | Transient:
    if isinstance(error, ApiError):
        body = error.body
        return judged(error.meta.status, body.get("error", body) if isinstance(body, dict) else body)
    return Transient(str(error))
