"""What the records of news.feeds add up to: the last of each feed counts, an empty one removes it."""

from schemas import codec
from schemas.errors import Invalid
from schemas.messages import Feed
from services.telemetry import logger

log = logger(__name__)


def take(feeds: dict[str, Feed], key: str, value: bytes | None) -> None:
    """Fold one record into `feeds`. One that cannot be decoded is logged, and the feed stays as it was."""
    if value is None:
        feeds.pop(key, None)
        return
    try:
        feeds[key] = codec.decode(value, Feed)
    except Invalid as error:
        log.error("unreadable feed, passed over", key=key, error=str(error))
