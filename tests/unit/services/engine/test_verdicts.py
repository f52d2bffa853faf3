"""Every error of the engine has one of the three verdicts."""

import msgspec
import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from schemas.errors import Invalid, Transient
from services.engine import operations, verdicts
from services.engine.operations import BulkResult, Copy, Create, Put, Remove, Replace, Stored


@pytest.mark.parametrize(
    ("status", "error_type", "expected"),
    [
        (400, "strict_dynamic_mapping_exception", "invalid"),
        (400, "mapper_parsing_exception", "invalid"),
        (400, "document_parsing_exception", "invalid"),
        (400, "illegal_argument_exception", "invalid"),
        (400, "action_request_validation_exception", "invalid"),
        (400, "parsing_exception", "invalid"),
        (413, None, "invalid"),
        (409, "version_conflict_engine_exception", "conflict"),
        (429, "es_rejected_execution_exception", "transient"),
        (429, "circuit_breaking_exception", "transient"),
        (503, "unavailable_shards_exception", "transient"),
        (500, "null_pointer_exception", "transient"),
        (401, "security_exception", "transient"),
        (403, "cluster_block_exception", "transient"),
        (404, "index_not_found_exception", "transient"),
        (400, "index_closed_exception", "transient"),
    ],
)
def test_an_error_s_verdict(status: int, error_type: str | None, expected: str) -> None:
    assert verdicts.verdict(status, error_type) == expected


def test_an_answer_that_no_table_names_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="418"):
        verdicts.verdict(418, "teapot_exception")


def api_error(status: int, body: object) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "localhost", 9200))
    return ApiError(message="", meta=meta, body=body)


def test_a_refused_query_is_invalid_and_the_reason_has_the_inner_cause() -> None:
    body = {"error": {"type": "parsing_exception", "reason": "outer", "caused_by": {"type": "x", "reason": "inner"}}}
    error = verdicts.translated(api_error(400, body))
    assert isinstance(error, Invalid)
    assert str(error) == "parsing_exception: outer <- x: inner"


def test_a_missing_index_asks_for_set_up() -> None:
    error = verdicts.translated(api_error(404, {"error": {"type": "index_not_found_exception", "reason": "no news"}}))
    assert isinstance(error, Transient)
    assert "services.index setup" in str(error)


def test_a_proxy_s_plain_text_error_is_transient() -> None:
    assert isinstance(verdicts.translated(api_error(502, "<html>Bad gateway</html>")), Transient)
    assert isinstance(verdicts.translated(ConnectionTimeout("too slow")), Transient)


def test_each_item_of_a_bulk_has_its_own_result() -> None:
    refused = {"type": "strict_dynamic_mapping_exception", "reason": "no field x"}
    conflict = {"type": "version_conflict_engine_exception", "reason": "exists"}
    assert operations.result({"index": {"_id": "a", "status": 201}}) == BulkResult("a", "ok")
    invalid = operations.result({"index": {"_id": "b", "status": 400, "error": refused}})
    assert invalid
    assert (invalid.verdict, invalid.error) == ("invalid", "strict_dynamic_mapping_exception: no field x")
    exists = operations.result({"create": {"_id": "c", "status": 409, "error": conflict}})
    assert exists
    assert exists.verdict == "conflict"


@pytest.mark.parametrize("status", [429, 503])
def test_only_items_that_the_engine_was_too_busy_for_are_sent_again(status: int) -> None:
    busy = {"type": "rejected_execution_exception", "reason": "queue full"}
    assert operations.result({"index": {"_id": "a", "status": status, "error": busy}}) is None


def test_an_item_whose_index_is_away_is_transient() -> None:
    with pytest.raises(Transient, match="no such index"):
        operations.result(
            {
                "index": {
                    "_id": "a",
                    "status": 404,
                    "error": {"type": "index_not_found_exception", "reason": "no such index"},
                }
            }
        )


def test_writes_carry_their_condition() -> None:
    stored = Stored("a", {}, 7, 2)
    assert operations.encoded(Create("a", {"x": 1})) == [b'{"create":{"_id":"a"}}', b'{"x":1}']
    assert operations.encoded(Put("a", {})) == [b'{"index":{"_id":"a"}}', b"{}"]
    assert operations.encoded(Replace(stored, {})) == [
        b'{"index":{"_id":"a","if_seq_no":7,"if_primary_term":2}}',
        b"{}",
    ]
    assert operations.encoded(Copy("a", {}, 9)) == [
        b'{"index":{"_id":"a","version":9,"version_type":"external"}}',
        b"{}",
    ]
    assert operations.encoded(Remove("a")) == [b'{"delete":{"_id":"a"}}']
    assert operations.encoded(Remove("a", stored)) == [b'{"delete":{"_id":"a","if_seq_no":7,"if_primary_term":2}}']


def test_what_was_read_is_replaced_where_it_was_read() -> None:
    """Another index has other numbers: one that happens to be the same would let a write go over a newer one."""
    action, _ = operations.encoded(Replace(Stored("a", {}, 7, 2, "news-000001"), {}))
    assert msgspec.json.decode(action)["index"] == {
        "_id": "a",
        "if_seq_no": 7,
        "if_primary_term": 2,
        "_index": "news-000001",
        "require_alias": False,
    }


def test_only_the_block_that_a_move_sets_is_waited_for() -> None:
    def refused(reason: str) -> dict[str, dict[str, object]]:
        error = {"type": "cluster_block_exception", "reason": f"index [x] blocked by: [{reason}];"}
        return {"index": {"_id": "a", "status": 403, "error": error}}

    assert operations.is_barred(refused("FORBIDDEN/8/index write (api)"))
    assert operations.is_barred(refused("FORBIDDEN/8/moving to block index write (api)"))
    assert not operations.is_barred(refused("FORBIDDEN/12/index read-only / allow delete (api)"))
    assert not operations.is_barred({"index": {"_id": "a", "status": 201}})


def test_requests_are_split_by_size_and_a_large_document_goes_alone() -> None:
    half = operations.REQUEST_BYTES // 2
    lines = [[b"x" * half], [b"x" * half], [b"x"], [b"x" * 3 * half], [b"x"]]
    assert operations.chunks(range(5), lines) == [[0, 1], [2], [3], [4]]
    assert operations.chunks([1, 4], lines) == [[1, 4]]
    assert operations.chunks([], lines) == []
