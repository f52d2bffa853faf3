from datetime import UTC, datetime

import pytest
from elasticsearch.exceptions import SerializationError
from elasticsearch.serializer import DEFAULT_SERIALIZERS

from services.engine.encoding import SERIALIZERS

JSON = [name for name in SERIALIZERS if not name.endswith("ndjson")]
LINES = [name for name in SERIALIZERS if name.endswith("ndjson")]
WRITTEN = {"text": "Ayiti: è, 海地", "number": 1.5, "none": None, "list": [True, {"a": 1}]}


@pytest.mark.parametrize("name", JSON)
def test_json_says_the_same_as_the_clients_own(name: str) -> None:
    ours, theirs = SERIALIZERS[name], DEFAULT_SERIALIZERS[name]
    assert theirs.loads(ours.dumps(WRITTEN)) == WRITTEN
    assert ours.loads(theirs.dumps(WRITTEN)) == WRITTEN
    assert ours.dumps(b'{"already": "bytes"}') == b'{"already": "bytes"}'
    assert ours.loads(b"") is None
    assert ours.dumps({"at": datetime(2026, 1, 2, tzinfo=UTC)}) == b'{"at":"2026-01-02T00:00:00Z"}'


@pytest.mark.parametrize("name", LINES)
def test_lines_are_one_for_each_part(name: str) -> None:
    assert SERIALIZERS[name].dumps([{"index": "news"}, b'{"a":1}', WRITTEN]).count(b"\n") == 3
    assert DEFAULT_SERIALIZERS[name].loads(SERIALIZERS[name].dumps([WRITTEN])) == [WRITTEN]


@pytest.mark.parametrize("name", JSON)
def test_an_answer_that_is_cut_short_is_the_transports_error(name: str) -> None:
    with pytest.raises(SerializationError):
        SERIALIZERS[name].loads(b'{"took": 1, "err')
