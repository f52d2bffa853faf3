"""The demo's articles, and which of them are public at what moment.

They replay what was reported of the mission from 2023 to 2026 in words of our own. Outlets, bylines and speakers
without a name are invented. `relevant` says what tagging should find: a third of them are hard negatives.
"""

from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0)]


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change to an article that is already public. `replace` maps words of the body to what they become."""

    after_s: Seconds
    title: str
    replace: dict[str, str]


class Article(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An article as its file describes it: either published (UTC), or age_h hours old at the start, or live.

    A live article appears publish_after_s seconds after the demo goes live.
    """

    id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]+$")]
    title: str
    summary: str
    author: str
    body: str
    relevant: bool
    published: datetime | None = None
    age_h: float | None = None
    publish_after_s: Seconds | None = None
    edit: Edit | None = None

    def __post_init__(self) -> None:
        if [self.published, self.age_h, self.publish_after_s].count(None) != 2:
            raise ValueError(f"{self.id}: give one of published, age_h, publish_after_s")
        for words in self.edit.replace if self.edit else ():
            if words not in self.body:
                raise ValueError(f"{self.id}: the edit replaces {words!r}, which is not in the body")


class Outlet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the feeds list says of a feed. `tracking` is the query that it appends to the links of its articles."""

    title: str
    format: Literal["rss", "atom", "json"]
    language: str
    country: str
    tags: list[str]
    tracking: str | None


class Feed(msgspec.Struct, frozen=True):
    """An outlet with its articles. `id` is the name of its file."""

    id: str
    outlet: Outlet
    articles: list[Article]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    feed: Outlet
    articles: list[Article]


class Entry(msgspec.Struct, frozen=True):
    """An article as it reads at one moment. `slug` names its page."""

    slug: str
    title: str
    summary: str
    paragraphs: list[str]
    author: str
    published: datetime
    updated: datetime


class Run(msgspec.Struct, frozen=True):
    """One run of the demo. Live articles carry its stamp in their address, so that each run has new items."""

    started: datetime
    live_from: datetime | None = None

    @property
    def stamp(self) -> str:
        return self.started.astimezone(UTC).strftime("%Y%m%dt%H%M%S")


def load() -> list[Feed]:
    """Every feed, in the order of their file names. Raises msgspec.ValidationError naming what a file has wrong."""
    files = sorted(resources.files(__package__).joinpath("articles").iterdir(), key=lambda file: file.name)
    return [_feed(file.name.removesuffix(".yaml"), file.read_bytes()) for file in files if file.name.endswith(".yaml")]


def _feed(feed_id: str, data: bytes) -> Feed:
    try:
        read = msgspec.yaml.decode(data, type=_File)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{feed_id}.yaml: {error}") from error
    return Feed(feed_id, read.feed, read.articles)


def visible(feed: Feed, run: Run, now: datetime) -> list[Entry]:
    """The feed's articles that are public at `now`, as they read then, newest first."""
    entries = [entry for article in feed.articles if (entry := _entry(article, run, now))]
    return sorted(entries, key=lambda entry: (entry.published, entry.slug), reverse=True)


def changed_at(feed: Feed, run: Run, now: datetime) -> datetime:
    """When the feed last changed: at the start of the run, or when an article appeared or was edited since."""
    return max([run.started, *(entry.updated for entry in visible(feed, run, now))])


def _entry(article: Article, run: Run, now: datetime) -> Entry | None:
    if article.publish_after_s is None:
        slug = article.id
        published = article.published or run.started - timedelta(hours=article.age_h or 0)
    elif run.live_from is None:
        return None
    else:
        slug = f"{article.id}-{run.stamp}"
        published = run.live_from + timedelta(seconds=article.publish_after_s)
    if published > now:
        return None
    title, body, updated = article.title, article.body, published
    if article.edit and run.live_from and (edited := run.live_from + timedelta(seconds=article.edit.after_s)) <= now:
        title, updated = article.edit.title, edited
        for words, correction in article.edit.replace.items():
            body = body.replace(words, correction)
    paragraphs = [" ".join(paragraph.split()) for paragraph in body.strip().split("\n\n")]
    return Entry(slug, title, article.summary, paragraphs, article.author, published, updated)
