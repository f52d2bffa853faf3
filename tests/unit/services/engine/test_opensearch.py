"""OpenSearch is asked in media types that it knows."""

import pytest

from services.engine.opensearch import plain_media_type


@pytest.mark.parametrize(
    ("asked", "plain"),
    [
        ("application/vnd.elasticsearch+json; compatible-with=9", "application/json"),
        ("application/vnd.elasticsearch+x-ndjson; compatible-with=9", "application/x-ndjson"),
        ("application/vnd.elasticsearch+json;compatible-with=9, text/plain", "application/json, text/plain"),
        ("application/json", "application/json"),
    ],
)
def test_vendor_media_types_become_plain_ones(asked: str, plain: str) -> None:
    assert plain_media_type(asked) == plain
