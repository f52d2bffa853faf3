"""topics.yaml as types."""

from functools import cache
from importlib import resources
from typing import Annotated, Literal

import msgspec

FEEDS = "news.feeds"
FEED_STATE = "news.feed-state"
FEED_HEALTH = "news.feed-health"
RAW = "news.raw"
ENRICHED = "news.enriched"
RETAG = "news.retag"
RETAGGED = "news.retagged"
ALERTS = "news.alerts"
DEAD = "news.dead"
DEAD_HANDLED = "news.dead-handled"


class Topic(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A topic as topics.yaml describes it."""

    carries: str
    key: str
    schema: list[str]
    producers: list[str]
    consumers: list[str]
    partitions: Annotated[int, msgspec.Meta(gt=0)]
    cleanup: Literal["compact", "delete"]
    retention_hours: Annotated[int, msgspec.Meta(gt=0)] | None = None
    max_message_bytes: Annotated[int, msgspec.Meta(gt=0)]

    def config(self) -> dict[str, str]:
        """The topic's settings, in the broker's terms."""
        settings = {"cleanup.policy": self.cleanup, "max.message.bytes": str(self.max_message_bytes)}
        if self.retention_hours is not None:
            settings["retention.ms"] = str(self.retention_hours * 3_600_000)
        return settings


@cache
def load() -> dict[str, Topic]:
    """Every topic by name. Raises msgspec.ValidationError where topics.yaml is wrong."""
    text = resources.files("schemas").joinpath("topics.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=dict[str, Topic])


def largest_message_bytes() -> int:
    """What a producer must be able to send."""
    return max(topic.max_message_bytes for topic in load().values())
