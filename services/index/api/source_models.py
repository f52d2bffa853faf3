"""What /v1/feeds takes and gives. What each field means and may be: schemas/messages.py and services/feeds/rules.py."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.index.api.models import CountryCode, Given, LanguageCode

Url = Annotated[str, Field(min_length=1, max_length=2_048)]
Headers = Annotated[dict[str, str], Field(description="Sent to the feed's own origin only. Readable: not for secrets")]
Interval = Annotated[int, Field(gt=0, description="Seconds between polls; null: by how busy it is")]
UserAgent = Annotated[str, Field(description="Instead of NEWS_USER_AGENT; say who you are")]
Proxy = Annotated[str, Field(description="http://host:port, which NEWS_ALLOWED_HOSTS has to name")]
PageText = Annotated[bool, Field(description="Take articles' text from their pages")]


class Login(Given):
    """Either one. Stored encrypted, sent to the feed's own origin only, and never shown."""

    basic: str | None = Field(None, max_length=1_000, description="user:password")
    cookie: str | None = Field(None, max_length=8_000, description="name=value; name=value")


class FeedChange(Given):
    """A change of a feed: what is not named stays as it is, null is the default again.

    `headers` and `tags` replace those that are there. A new address of another origin loses headers and credentials,
    unless the change names them.
    """

    url: Url | None = None
    title: str | None = Field(None, max_length=300, description="Default: what the feed calls itself")
    language: LanguageCode | None = None
    country: CountryCode | None = None
    tags: list[str] | None = Field(None, max_length=50)
    home_page: Url | None = None
    interval_s: Interval | None = None
    paused: bool | None = None
    page_text: PageText | None = None
    user_agent: UserAgent | None = None
    headers: Headers | None = None
    http1: bool | None = Field(None, description="Never HTTP/2")
    proxy: Proxy | None = None
    credentials: Login | None = None


class NewFeed(FeedChange):
    """A feed to poll. Only its address is needed."""

    url: Url = Field(examples=["https://news.example/rss"])


class Feed(BaseModel):
    """A feed that is polled, or paused. `credentials` says whether it has some."""

    id: str
    url: str
    title: str
    language: str | None
    country: str | None
    tags: list[str]
    home_page: str | None
    interval_s: int | None
    paused: bool
    page_text: bool
    user_agent: str | None
    headers: dict[str, str]
    http1: bool
    proxy: str | None
    credentials: bool
    updated_at: datetime


class FeedPage(BaseModel):
    """A page of feeds, by title. Give `cursor` to get the next page; null: there is none."""

    feeds: list[Feed]
    total: int
    cursor: str | None


class Imported(BaseModel):
    """What an import did. It removes nothing."""

    listed: int
    changed: int = Field(description="Added or changed")
