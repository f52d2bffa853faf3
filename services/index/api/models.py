"""What the API takes and gives. Field names of items are those of the messages (schemas/messages.py)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.index.corrections import State
from services.index.deliver.endpoints import Format
from services.index.searches import OUTLETS, Every
from services.index.timing import PER_HOUR

CountryCode = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2, e.g. KE")]
LanguageCode = Annotated[str, Field(pattern="^[a-z]{2,3}$", description="ISO 639-1 or 639-3, e.g. ht")]
EntityId = Annotated[str, Field(min_length=1, max_length=200, description="Gazetteer id, e.g. person/godfrey-otunge")]
Text = Annotated[
    str,
    Field(
        max_length=1_000,
        description='Words, "phrases", AND OR NOT, -word, word*, ( ), and fields such as country:KE, role:pledged, '
        "entity:person/godfrey-otunge, event:arrival, lang:fr, since:7d, figure:(pledged country:JM >100)",
        examples=['"rapid deployment" (kenya OR jamaica) -football country:HT since:7d'],
    ),
]

MAX_FILTERS = 50

DeliveryState = Literal["pending", "delivered", "failed", "cancelled", "held", "waiting", "grouped"]
RedeliverableState = Literal["pending", "delivered", "failed", "cancelled", "held", "grouped"]


class Problem(BaseModel):
    """An error. `error` is for programs, `detail` and `hint` are for people."""

    error: str
    detail: str
    field: str | None = None
    hint: str | None = None
    position: int | None = Field(None, description="Of a mistake in a query: the character, from 1")


class Given(BaseModel):
    """What people send: a field that we do not know is a mistake that they want to hear of."""

    model_config = ConfigDict(extra="forbid")


class Country(BaseModel):
    """A country that an item names, with its part in the mission."""

    code: str
    role: str
    mentions: int


class Entity(BaseModel):
    """A person, organisation, place, mission or gang."""

    id: str | None
    type: str
    name: str
    mentions: int


class Figure(BaseModel):
    """A number that the text states."""

    kind: str
    value: float
    unit: str
    country: str | None
    approximate: bool


class Item(BaseModel):
    """A news item as it is shown: the text of one feed, the tags of all."""

    item_id: str
    story_id: str | None = None
    title: str
    summary: str
    url: str | None = None
    feed_id: str
    feed_title: str
    feeds: list[str] = []
    language: str
    event_at: datetime = Field(description="When it happened, for charts: a sane published_at, else fetched_at")
    published_at: datetime | None = Field(None, description="Claimed by the feed; may be wrong")
    fetched_at: datetime = Field(description="When it was detected")
    indexed_at: datetime = Field(description="When it was written: what followers go by")
    relevant: bool
    relevance: float
    missions: list[str] = []
    countries: list[Country] = []
    entities: list[Entity] = []
    figures: list[Figure] = []
    corrected: bool = Field(False, description="A person corrected it, and that counts")


class EvidenceSpan(BaseModel):
    """Where a tag comes from: `surface` is field[start:end], offsets in Unicode code points."""

    tag: str
    field: Literal["title", "summary", "text"]
    start: int
    end: int
    surface: str


class Highlights(BaseModel):
    """Why an item was found. A passage comes in parts: the second, fourth, ... are what matched."""

    matches: dict[str, list[list[str]]] = Field(
        description="Passages by field", examples=[{"title": [["Police from ", "Kenya", " arrive"]]}]
    )
    evidence: list[EvidenceSpan]


class FoundItem(Item):
    """An item of a search."""

    story_items: int | None = Field(None, description="With collapse=story: how many of its story the search finds")
    highlights: Highlights | None = Field(None, description="With highlight=true")


class WholeItem(Item):
    """An item with its text, events, quotes and the evidence of each tag."""

    text: str
    text_truncated: bool = False
    authors: list[str] = []
    image_url: str | None = None
    events: list[dict[str, Any]] = []
    quotes: list[dict[str, Any]] = []
    evidence: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    gazetteer_version: str | None = None
    corrections: list["Correction"] = []


class Correction(BaseModel):
    """A correction of an item. superseded: a later one is about the same. author: the name of the API key."""

    id: str
    at: datetime
    author: str
    reason: str
    change: dict[str, Any]
    state: State


class Corrections(BaseModel):
    """All corrections of an item, the earliest first."""

    corrections: list[Correction]


class Total(BaseModel):
    """How many match. Counting stops at 10,000."""

    value: int
    exact: bool


class Items(BaseModel):
    """A page of items. Give `cursor` to get the next page; null: there is none."""

    items: list[FoundItem]
    total: Total
    cursor: str | None


class Changes(BaseModel):
    """What was indexed since the last answer. `more`: there is more already, ask again at once."""

    items: list[Item]
    taken_down: list[str] = Field(description="Ids of items whose content was removed for good")
    cursor: str
    more: bool


class FacetValue(BaseModel):
    """A value, and how many items have it."""

    value: str
    items: int


class Facet(BaseModel):
    """The most frequent values. `others`: how many times items have a value beyond these."""

    values: list[FacetValue]
    others: int


class Facets(BaseModel):
    """Counts over a search. roles: countries by their part in the mission."""

    total: int
    stories: int = Field(description="Stories that the items make; an estimate beyond some thousands")
    facets: dict[str, Facet]
    roles: dict[str, Facet]


class Bar(BaseModel):
    """Items from this time on, up to the next bar."""

    at: datetime
    items: int


class Histogram(BaseModel):
    """Items over time, the earliest interval first."""

    bars: list[Bar]


class Similar(BaseModel):
    """Items like another, the most similar first."""

    items: list[Item]


class FeedLinks(BaseModel):
    """Where a feed reader follows a search."""

    rss: str
    atom: str
    json_feed: str


class Story(BaseModel):
    """Near-duplicates in many outlets, as one. `latest` is its latest item, `items` how many it has."""

    story_id: str
    items: int
    latest: Item


class Stories(BaseModel):
    """The latest stories, the most recent first."""

    stories: list[Story]


class WholeStory(BaseModel):
    """A story: how many items, since when, in which feeds and languages (the most frequent first), and its items."""

    story_id: str
    items: int
    first_seen: datetime = Field(description="When its first item was detected")
    last_seen: datetime = Field(description="When its latest item was detected")
    outlets: list[FacetValue] = Field(description="Feeds that carry it, at most 200, and how many items each has")
    languages: list[FacetValue]
    members: list[Item] = Field(description="In the order of detection, at most 200")


class Query(Given):
    """What a saved search matches: everything given must hold; of several countries, entities or languages any one."""

    text: Text = ""
    countries: list[CountryCode] = Field([], max_length=MAX_FILTERS)
    entities: list[EntityId] = Field([], max_length=MAX_FILTERS)
    languages: list[LanguageCode] = Field([], max_length=MAX_FILTERS)
    relevant_only: bool = Field(True, description="Only items about the mission")
    every: Every = Field(
        "story",
        description="Call once per story; for every item; once `outlets` outlets have the story (growth); once per "
        "story and again when the text of an item changes (revision)",
    )
    outlets: int = Field(OUTLETS, ge=2, le=100, description="Of growth: how many outlets")


class NewEndpoint(Given):
    """Where to call, and the secret that signs; without one a secret is made and shown once."""

    url: str = Field(min_length=1, max_length=2_048, examples=["https://hooks.example/news"])
    secret: str | None = Field(None, max_length=200, description="`whsec_` and base64 of 24 to 64 random bytes")
    format: Format = Field("json", description="The body: ours, or a message as Slack, Teams or Discord shows it")
    feed_alarms: bool = Field(False, description="Call it also when a feed falls silent (`news.silent_feed`)")


class Timing(Given):
    """When its calls go out. Nothing is lost: what is held back comes in a `news.digest`."""

    digest_every_min: int | None = Field(None, description="A digest each so many minutes: 60: hourly", examples=[60])
    digest_at: str | None = Field(None, description="A digest a day, at this time", examples=["07:30"])
    quiet_from: str | None = Field(None, description="No call from this time of day ...", examples=["22:00"])
    quiet_to: str | None = Field(None, description="... to this one", examples=["06:00"])
    timezone: str = Field("UTC", max_length=64, description="Of the times of day", examples=["America/Port-au-Prince"])
    per_hour: int = Field(PER_HOUR, description="Calls in any 60 minutes; the rest come together")
    threads: bool = Field(True, description="Reports of one event: one call at once, the rest every 15 minutes")


Name = Annotated[str, Field(min_length=1, max_length=200)]
Label = Annotated[str, Field(min_length=1, max_length=64)]
Labels = Annotated[list[Label], Field(max_length=20, description="Your words, to find it by")]
Owner = Annotated[str | None, Field(max_length=200, description="Whose it is: a name or an address, as you like")]


class NewSearch(Given):
    """A saved search with the endpoint that it calls."""

    name: Name
    query: Query
    endpoint: NewEndpoint
    timing: Timing = Timing()
    labels: Labels = []
    owner: Owner = None


class Day(BaseModel):
    """A day, UTC, and how many items happened on it."""

    day: date
    items: int


class Preview(BaseModel):
    """What a search would have matched in the last 30 days (by event_at)."""

    since: datetime
    items: int
    stories: int = Field(description="That the items make; an estimate beyond some thousands")
    share: float = Field(description="Of all items that it could match: relevant ones, unless it asks for all")
    a_day: float = Field(description="Alerts a day at that rate, before threads and digests take some together")
    days: list[Day]
    examples: list[Item] = Field(description="The latest ten")
    warning: str | None = Field(description="Where it is more than anybody reads")


class Endpoint(BaseModel):
    """An endpoint and how it fares. The secret is shown once, by the request that created it."""

    id: str
    url: str
    enabled: bool = True
    disabled_reason: str | None = None
    failing_since: datetime | None = None
    feed_alarms: bool = False
    format: Format = "json"
    secret: str | None = Field(None, description="Only in the answer that creates it")


class Search(BaseModel):
    """A saved search. version: rises with each change; give it back to change what you have seen, and nothing else."""

    id: str
    name: str
    enabled: bool = Field(True, description="false: paused")
    snoozed_until: datetime | None = Field(None, description="Paused until then")
    query: Query
    timing: Timing
    labels: list[str] = []
    owner: str | None = None
    endpoint: Endpoint | None
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str | None = Field(description="The name of the API key that made this version")
    preview: Preview | None = Field(None, description="Where the query was just saved: what it finds")
    failure: str | None = Field(None, description="Why it matches nothing: the engine takes its query no longer")


class Searches(BaseModel):
    """The saved searches, the oldest first."""

    searches: list[Search]


class Attempt(BaseModel):
    """One request of a delivery. `response` is the first 1 KB of the answer."""

    at: datetime
    status: int | None
    latency_ms: int
    error: str | None
    response: str


class Delivery(BaseModel):
    """A delivery of an alert to an endpoint. `id` is the webhook-id."""

    id: str
    alert_id: str
    kind: str
    search_id: str | None
    endpoint_id: str
    item_id: str | None
    story_id: str | None
    state: DeliveryState
    reason: str | None
    late: bool
    trace_id: str
    created_at: datetime
    due_at: datetime
    settled_at: datetime | None
    told_in: str | None = Field(None, description="Where grouped: the delivery that told it")
    redelivered_at: datetime | None = Field(None, description="When somebody last asked for it again")
    attempts: list[Attempt]


class WholeDelivery(Delivery):
    """A delivery with its message; null once its item was taken down."""

    message: dict[str, Any] | None


class Deliveries(BaseModel):
    """A page of deliveries, the newest first. Give `cursor` to get the next page; null: there is none."""

    deliveries: list[Delivery]
    total: Total
    cursor: str | None


class Redelivery(Given):
    """Which deliveries to make again: of a saved search or an endpoint, owed in a span of time."""

    search_id: str | None = Field(None, max_length=64)
    endpoint_id: str | None = Field(None, max_length=64)
    states: list[RedeliverableState] = Field(["failed", "held"], min_length=1, max_length=10)
    since: datetime = Field(description="Those owed from then on")
    until: datetime | None = Field(None, description="Those owed before then")
    cursor: str | None = Field(None, max_length=2_048, description="From the answer before, to go on")


class Redelivered(BaseModel):
    """What became of it. `matching`: deliveries of the span; 1,000 are made again at once, the oldest first."""

    redelivered: int
    refused: dict[str, int] = Field(description="How many were not made again, by reason")
    matching: int
    cursor: str | None = Field(description="Give it to go on with the next; null: those were all")


class NewSecret(Given):
    """A new secret of an endpoint; without one given, one is made and shown once."""

    secret: str | None = Field(None, max_length=200, description="`whsec_` and base64 of 24 to 64 random bytes")
    overlap_h: float = Field(24.0, ge=0, le=720, description="Hours in which the previous secret signs too")


class Secret(BaseModel):
    """The secret that signs from now on, shown this once. The previous one signs beside it until then."""

    secret: str
    previous_until: datetime


class EndpointHealth(BaseModel):
    """An endpoint and how it fares, by the attempts of its latest 100 deliveries."""

    id: str
    search_id: str
    search_name: str
    url: str
    format: Format
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    attempts: int
    success_rate: float | None = Field(description="0 to 1")
    p95_ms: int | None = Field(description="Milliseconds until 2xx, 95 of 100 attempts")
    last_success_at: datetime | None
    next_attempt_at: datetime | None = Field(description="When the first of what is owed is due")
    held: int = Field(description="Deliveries that wait until somebody asks for them again")
    deliveries: dict[str, int] = Field(description="How many are in which state")


class Endpoints(BaseModel):
    """A page of endpoints, in the order of their searches. Give `cursor` to get the next; null: there is none."""

    endpoints: list[EndpointHealth]
    cursor: str | None


class Ping(BaseModel):
    """A test delivery under way: GET /v1/deliveries shows what comes of it."""

    delivery_id: str


class Fetch(BaseModel):
    """One poll of a feed. `missed`: none of its items had been seen before, so earlier ones may have been missed."""

    at: datetime
    outcome: str
    status: int | None
    error: str | None
    new_items: int
    revised_items: int
    latency_ms: int
    seen_share: float | None = Field(description="Share of the document's items that had been seen before")
    missed: bool


class FeedHealth(BaseModel):
    """The outcome of a feed's latest poll, what is known of the feed, and its last 50 polls, the newest first."""

    feed_id: str
    url: str
    title: str
    at: datetime
    outcome: str
    status: int | None
    error: str | None
    new_items: int
    revised_items: int
    entries: int
    latency_ms: int
    failures: int
    last_item_at: datetime | None
    next_poll_at: datetime | None
    seen_share: float | None = Field(None, description="Share of the document's items that had been seen before")
    missed_at: datetime | None = Field(None, description="When items may last have been missed between two polls")
    asked_s: int | None = Field(None, description="Seconds that the publisher asks us to wait between polls")
    items_a_day: float | None = Field(None, description="New items a day, over the last week")
    delay_p50_s: float | None = Field(None, description="Seconds from publication to detection, median")
    delay_p95_s: float | None = Field(None, description="Seconds from publication to detection, 95 of 100 items")
    silent_since: datetime | None = Field(None, description="Where the feed is silent for longer than its habit")
    validators_distrusted: bool = Field(False, description="It said 304 though it had changed: fetched whole now")
    fetches: list[Fetch] = []


class Feeds(BaseModel):
    """Feeds that have been polled, those in trouble first. `total` counts all, at most 1,000 are listed."""

    feeds: list[FeedHealth]
    total: int


class Health(BaseModel):
    """Whether the API can do its work."""

    status: Literal["ok", "unavailable"]
    engine: Literal["reachable", "away"]
    index: Literal["ready", "missing", "unknown"]
