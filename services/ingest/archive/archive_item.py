"""What an import is to do with each record of its file. Pure."""

from datetime import datetime
from pathlib import Path

import msgspec

from schemas.errors import Invalid
from schemas.messages import Feed, RawItem
from services.ingest import items
from services.ingest.archive.archive_entry import Old, old_article
from services.ingest.archive.archive_file import Form, Record
from services.ingest.formats.parsed_feed import ParsedFeed
from services.ingest.pages.page_text import Page
from services.ingest.state_log import new_state


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be imported. feed: whose items they become. pages: fetch those of records without a text.

    rate: records a second, at most.
    """

    file: Path
    form: Form
    feed: Feed
    pages: bool
    rate: float

    def article(self, record: Record) -> Old:
        """Return what the record describes. Raises Invalid where it cannot become an item."""
        if record.wrong:
            raise Invalid(record.wrong, reason="line")
        old = old_article(record.fields)
        if old.is_address_only and not self.pages:
            raise Invalid("only an address: give --pages to fetch the article", reason="line")
        return old


def item_of(old: Old, feed: Feed, now: datetime) -> RawItem:
    """Return the article as an item of the feed, in the same way as entries of feeds become items."""
    named = msgspec.structs.replace(
        feed,
        title=old.outlet or feed.title,
        language=old.language or feed.language,
        country=old.country or feed.country,
    )
    parsed = ParsedFeed(title="", language=None, entries=[old.entry], format="import", damaged=None)
    return items.find(parsed, named, new_state(feed.feed_id, now), now, "import").items[0]


def filled_in(old: Old, page: Page) -> Old:
    """Return the article with the page's words where the file has none. Raises Invalid where none has a title."""
    entry = old.entry
    title = entry.title or page.title
    if not title:
        raise Invalid("its page cannot be read: it has no title", reason="page")
    return msgspec.structs.replace(
        old,
        language=old.language or page.language,
        outlet=old.outlet or page.site,
        entry=msgspec.structs.replace(
            entry,
            title=title,
            authors=entry.authors or page.authors,
            image_url=entry.image_url or page.image_url,
            published_at=entry.published_at or page.published_at,
            published_raw=entry.published_raw or page.published_raw,
        ),
    )
