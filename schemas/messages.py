"""The messages, as types. JSON Schemas are generated from here (`python -m schemas write`); add fields, never rename.

A field added later needs a default, so that old messages still decode. All times are UTC.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Utc = Annotated[datetime, msgspec.Meta(tz=True)]
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$", description="128 bits of a SHA-256, hexadecimal")]
ShortHash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$", description="64 bits of a SHA-256, hexadecimal")]
Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9_]+$")]
CountryCode = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
LanguageCode = Annotated[
    str, msgspec.Meta(pattern="^[a-z]{2,3}$", description="ISO 639-1, or 639-3 where there is none")
]
Count = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Text = Annotated[str, msgspec.Meta(max_length=200_000)]

Link = Literal["direct", "resolved", "unresolved"]
Origin = Literal["live", "first_poll", "import", "late"]
Role = Literal["host", "lead", "contributor", "pledged", "withdrew", "mentioned"]
EntityType = Literal["person", "organisation", "place", "mission", "gang"]
FigureKind = Literal[
    "deployed",
    "arrived",
    "pledged",
    "authorised",
    "total",
    "killed",
    "injured",
    "displaced",
    "funding",
    "other",
]
AlertKind = Literal["match", "growth", "revision", "digest", "correction", "withdrawn", "spike", "silent_feed", "test"]


class RawItem(msgspec.Struct, kw_only=True, frozen=True):
    """One revision of one news item, as a feed gave it."""

    schema_version: Literal[1] = 1
    item_id: Hash
    revision: Annotated[int, msgspec.Meta(gt=0, description="rises with each change of the item in this feed; ms")]
    feed_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    feed_title: str
    url: str | None
    canonical_url: str | None
    entry_id: str | None
    title: Text
    summary: Text
    text: Annotated[Text, msgspec.Meta(description="plain text; paragraphs end with a line feed")]
    text_source: Literal["feed", "page"]
    text_truncated: bool
    authors: list[str]
    image_url: str | None
    feed_language: LanguageCode | None
    outlet_country: CountryCode | None
    published_at: Annotated[Utc | None, msgspec.Meta(description="claimed by the feed; may be wrong")]
    published_raw: str | None
    fetched_at: Annotated[Utc, msgspec.Meta(description="when the response arrived: the detection time")]
    origin: Origin
    content_hash: Hash
    trace_id: Hash
    link: Annotated[
        Link, msgspec.Meta(description="resolved: url is where an aggregator's link leads; unresolved: is that link")
    ] = "direct"


class Country(msgspec.Struct, kw_only=True, frozen=True):
    """A country that an item names, with its part in the mission."""

    code: CountryCode
    role: Role
    mentions: Count


class Entity(msgspec.Struct, kw_only=True, frozen=True):
    """A person, organisation, place, mission or gang. `id` is the gazetteer's; None for a name found by rule."""

    id: str | None
    type: EntityType
    name: str
    mentions: Count


class Figure(msgspec.Struct, kw_only=True, frozen=True):
    """A number that the text states. `unit` is e.g. personnel, people, USD."""

    kind: FigureKind
    value: float
    unit: str
    country: CountryCode | None
    approximate: bool


class Event(msgspec.Struct, kw_only=True, frozen=True):
    """Something that happened. `when` is an ISO 8601 date where the text gives one."""

    type: Slug
    countries: list[CountryCode]
    entities: list[str]
    when: str | None


class Quote(msgspec.Struct, kw_only=True, frozen=True):
    """Direct speech. `speaker_id` is the gazetteer's where the speaker is known, `speaker` the name as written."""

    text: str
    speaker_id: str | None
    speaker: str | None


class Evidence(msgspec.Struct, kw_only=True, frozen=True):
    """Where a tag comes from: `surface` is exactly field[start:end], offsets in Unicode code points.

    tag: `country:KE`, `person/godfrey-otunge`, `figure:0`, `mission/mss`, `relevance:...`.
    """

    tag: str
    field: Literal["title", "summary", "text"]
    start: Count
    end: Count
    surface: str


class EnrichedItem(RawItem, kw_only=True, frozen=True):
    """A RawItem with its tags."""

    language: LanguageCode
    relevant: bool
    relevance: Share
    missions: list[str]
    countries: list[Country]
    entities: list[Entity]
    figures: list[Figure]
    events: list[Event]
    quotes: list[Quote]
    evidence: list[Evidence]
    gazetteer_version: Annotated[str, msgspec.Meta(pattern="^[0-9]+-[0-9a-f]{12}$", description="serial-hash")]


class Why(msgspec.Struct, kw_only=True, frozen=True):
    """A reason for an alert: the clause of the saved search that matched, and the words that it matched."""

    clause: str
    surface: str | None = None


class AlertItem(msgspec.Struct, kw_only=True, frozen=True):
    """What a receiver needs of the item."""

    item_id: Hash
    url: str | None
    title: str
    summary: str
    language: LanguageCode
    feed_id: str
    feed_title: str
    published_at: Utc | None
    fetched_at: Utc
    relevance: Share
    missions: list[str]
    countries: list[Country]
    entities: list[Entity]
    figures: list[Figure]
    events: Annotated[list[str], msgspec.Meta(description="types of events")] = []


class SilentFeed(msgspec.Struct, kw_only=True, frozen=True):
    """A feed that has had no new item for longer than its own habit, or that says it is gone.

    limit_s: the silence that its habit allows, None where it is gone. outcome, error: of the poll that found it.
    """

    feed_id: str
    title: str
    url: str
    silent_since: Utc
    limit_s: Count | None
    outcome: Slug
    error: str | None


class Alert(msgspec.Struct, kw_only=True, frozen=True):
    """Something a subscriber asked to be told. The same alert_id is the same alert, however often it is sent."""

    schema_version: Literal[1] = 1
    alert_id: Hash
    kind: AlertKind
    search_id: str | None
    subject: Annotated[str, msgspec.Meta(description="story id, or item id where the search wants every item")]
    trigger: str
    item_id: Hash | None
    story_id: str | None
    revision: int | None
    matched_at: Utc
    late: bool
    why: list[Why]
    links: dict[str, str]
    item: AlertItem | None
    trace_id: Hash
    feed: Annotated[SilentFeed | None, msgspec.Meta(description="where kind is silent_feed")] = None


class DeadLetter(msgspec.Struct, kw_only=True, frozen=True):
    """A message that could not be processed, whole, with the reason: replayable."""

    schema_version: Literal[1] = 1
    stage: Slug
    reason: Slug
    error: str
    topic: str | None
    partition: int | None
    offset: int | None
    key: str | None
    value_base64: str
    headers: dict[str, str]
    at: Utc


class DeadMark(msgspec.Struct, kw_only=True, frozen=True):
    """What was done about a dead letter. partition, offset: its place in news.dead. by: a key's name, or `command`."""

    schema_version: Literal[1] = 1
    partition: Count
    offset: Count
    action: Literal["replayed", "dropped"]
    by: str
    at: Utc


class Feed(msgspec.Struct, kw_only=True, frozen=True):
    """A feed that people want polled. Written by the API and the command line only; the last write wins.

    page_text: each new item's article page is fetched for its text. user_agent, headers, http1, proxy: how it is asked
    for, where the defaults are refused. credentials: a Fernet token of {"basic": "user:password"} or {"cookie": "..."}.
    """

    schema_version: Literal[1] = 1
    feed_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    url: str
    title: str
    language: LanguageCode | None
    country: CountryCode | None
    tags: list[str]
    paused: bool
    interval_s: Annotated[int, msgspec.Meta(gt=0)] | None
    updated_at: Utc
    home_page: str | None = None
    page_text: bool = False
    user_agent: str | None = None
    headers: dict[str, str] = {}
    http1: bool = False
    proxy: str | None = None
    credentials: str | None = None


class Seen(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What a feed's owner remembers of an item, to tell a new one from a revision from a repeat.

    Recognised by (services/ingest/recognise.py): entry, title: hashes of the entry's id and of its title's words;
    published_at: as the feed claims; link: the item id that its present link makes, where that is not its own.
    """

    content_hash: Hash
    revision: Annotated[int, msgspec.Meta(gt=0)]
    entry: ShortHash | None = None
    title: ShortHash | None = None
    published_at: Utc | None = None
    link: Hash | None = None


class Redirect(msgspec.Struct, kw_only=True, frozen=True):
    """A permanent redirect that a feed answered with, and how often in a row: adopted after repeated agreement."""

    url: str
    times: Annotated[int, msgspec.Meta(gt=0)]


class Asked(msgspec.Struct, kw_only=True, frozen=True):
    """How often a feed's document asks to be read. ttl: RSS; update period: sy:updatePeriod over sy:updateFrequency.

    skip_hours: 0 to 23, UTC. skip_days: 0 is Monday.
    """

    ttl_s: Count | None = None
    update_period_s: Count | None = None
    skip_hours: list[int] = []
    skip_days: list[int] = []


class NewsDay(msgspec.Struct, kw_only=True, frozen=True):
    """A day on which a feed had new items. day: since 1970, UTC. silence_s: the longest that ended on it."""

    day: Count
    items: Count
    silence_s: Count


class Subscription(msgspec.Struct, kw_only=True, frozen=True):
    """WebSub: a hub that calls when a feed changes. topic: the feed's address there.

    asked_at: when the hub was last asked to call; until: the end of the lease that it granted, None before it did.
    proven: its last call brought news, and no poll since found news that it had not called for.
    """

    hub: str
    topic: str
    asked_at: Utc | None = None
    until: Utc | None = None
    proven: bool = False


class FeedState(msgspec.Struct, kw_only=True, frozen=True):
    """What polling learned about a feed. Written by its owner only, when it changes.

    epoch is the offset of the owner's claim; a state below the latest claim's epoch is ignored.
    seen: item_id -> Seen. url: the address adopted after permanent redirects, None for the feed's own. learned_from:
    the feed's own address then; a person who changes it makes url, validators and hash void. validators: proven once
    they let a change through, distrusted once they kept one from us. full_at: when a body last came. next_poll_at: kept
    where it is further away than the longest interval. delays_s: from publication to detection, the latest 100.
    resolved: an aggregator's link in the last document (hash) -> where its redirect leads, "" where none tells.
    """

    schema_version: Literal[1] = 1
    feed_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    epoch: Count
    url: str | None
    etag: str | None
    last_modified: str | None
    body_hash: Hash | None
    seen: dict[str, Seen]
    first_polled_at: Utc | None
    last_item_at: Utc | None
    not_before: Annotated[Utc | None, msgspec.Meta(description="Retry-After or mute: no poll earlier than this")]
    failures: Count
    failing_since: Utc | None
    redirect: Redirect | None
    updated_at: Utc
    learned_from: str | None = None
    validators: Literal["unproven", "proven", "distrusted"] = "unproven"
    full_at: Utc | None = None
    asked: Asked | None = None
    next_poll_at: Utc | None = None
    seen_share: Annotated[Share | None, msgspec.Meta(description="of the latest document with something new")] = None
    missed_at: Annotated[Utc | None, msgspec.Meta(description="nothing of a later document had been seen")] = None
    delays_s: list[Count] = []
    days: Annotated[list[NewsDay], msgspec.Meta(description="the latest 28 with new items, oldest first")] = []
    silent_since: Annotated[Utc | None, msgspec.Meta(description="of the silence that an alarm was raised for")] = None
    websub: Subscription | None = None
    resolved: dict[str, str] = {}


class Claim(msgspec.Struct, kw_only=True, frozen=True):
    """An owner takes a partition of news.feed-state. The record's offset is the epoch of all that it writes."""

    schema_version: Literal[1] = 1
    partition: Count
    owner: str
    claimed_at: Utc


class HubNotice(msgspec.Struct, kw_only=True, frozen=True):
    """What a feed's hub told a replica, for the feed's owner. until: the end of a verified lease."""

    schema_version: Literal[1] = 1
    feed_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    kind: Literal["verified", "denied", "push"]
    topic: str
    at: Utc
    until: Utc | None = None


class FeedHealth(msgspec.Struct, kw_only=True, frozen=True):
    """The outcome of one poll. Index keeps the latest of each feed, and a line for each of the last 50.

    seen_share: of this document's items. missed: none of them had been seen, so earlier ones may have been missed;
    missed_at: when that last was so. asked_s: what the publisher asks for, beyond which we do not wait for that.
    items_a_day: over the last week. delay_*_s: publication to detection. silent_since: longer than its habit allows.
    """

    schema_version: Literal[1] = 1
    feed_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    url: str
    title: str
    at: Utc
    outcome: Annotated[Slug, msgspec.Meta(description="ok, not_modified, unchanged, or what failed, as a slug")]
    status: int | None
    error: str | None
    new_items: Count
    revised_items: Count
    entries: Count
    latency_ms: Count
    failures: Count
    last_item_at: Utc | None
    next_poll_at: Utc | None
    seen_share: Share | None = None
    missed: bool = False
    missed_at: Utc | None = None
    asked_s: Count | None = None
    items_a_day: float | None = None
    delay_p50_s: float | None = None
    delay_p95_s: float | None = None
    silent_since: Utc | None = None
    validators_distrusted: bool = False


Message = RawItem | EnrichedItem | Alert | DeadLetter | DeadMark | Feed | FeedState | Claim | HubNotice | FeedHealth

MESSAGES: dict[str, type[Message]] = {
    "raw_item": RawItem,
    "enriched_item": EnrichedItem,
    "alert": Alert,
    "dead_letter": DeadLetter,
    "dead_mark": DeadMark,
    "feed": Feed,
    "feed_state": FeedState,
    "claim": Claim,
    "hub_notice": HubNotice,
    "feed_health": FeedHealth,
}
