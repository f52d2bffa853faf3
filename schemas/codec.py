"""Messages to bytes and back: JSON, checked against the types."""

from typing import Any, TypeVar

import msgspec

from schemas.errors import Invalid
from schemas.messages import MESSAGES, Message

T = TypeVar("T", bound=Message)

_encoder = msgspec.json.Encoder()


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {
    message: msgspec.json.Decoder(message) for message in MESSAGES.values()
}


def encode(message: Message) -> bytes:
    """Return the message as UTF-8 JSON without line feeds."""
    return _encoder.encode(message)


def decode(data: bytes, message: type[T]) -> T:
    """Return the message in `data`. Raises Invalid with reason `undecodable` (not JSON) or `schema`."""
    try:
        decoded: T = _decoders[message].decode(data)
    except msgspec.ValidationError as error:
        raise Invalid(f"{message.__name__}: {error}", reason="schema") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{message.__name__}: not JSON: {error}", reason="undecodable") from error
    return decoded


def to_builtins(message: msgspec.Struct) -> dict[str, Any]:
    """Return the message as JSON-ready dicts, lists and strings (times as RFC 3339)."""
    built: dict[str, Any] = msgspec.to_builtins(message)
    return built


def from_builtins(value: object, message: type[T]) -> T:
    """Return the message that dicts and lists describe. Raises Invalid with reason `schema`."""
    try:
        return msgspec.convert(value, message)
    except msgspec.ValidationError as error:
        raise Invalid(f"{message.__name__}: {error}", reason="schema") from error
