"""Which item an entry is: one that the feed had before, or a new one. Pure.

An item's id is made of its canonical URL, or, without a link, of its feed and entry id, when it is first seen; from
then on the feed's state knows it also by the id and the words of its entry, so that a change of one does not make
another item of it. SAME has what two tellings must have in common, and so decides:

- The same link is the same item, whatever became of title and entry id: an edit, a flapping id. But a link that one
  document gives to several titles with other ids is a page of many things: then the entry's id tells them apart.
- The same entry id under another link is the same item where title and publication date are the same too: its link was
  changed. Otherwise the id was reused: another item. An article whose link and headline change in one edit therefore
  becomes two, of one story: that is better than to lose one of two articles.
- Without a link the entry id decides; reused for another title of another date it is another item.
- An aggregator's entry is known by title and named source within 7 days, since its links and ids change with every
  poll. The price: an edited headline makes another item there, unless the link could be resolved.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Final

import msgspec

from schemas.identity import digest
from schemas.messages import Seen

WINDOW: Final = timedelta(days=7)  # between two publication dates of one item of an aggregator

_WORDS: Final = re.compile(r"\w+")


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is recognised by. own: the id of the item that it makes where it is a new one.

    link: the id that its canonical URL makes; None without one. entry: a hash of its id, or of title and source where
    it is an aggregator's; None without an id.
    """

    own: str
    link: str | None
    entry: str | None
    title: str
    published_at: datetime | None
    aggregated: bool = False


# What two tellings of one item have in common, the surest first; None where a telling has no such thing.
SAME: Final[tuple[Callable[[Telling], Hashable], ...]] = (
    lambda one: (one.link, one.entry, one.title),
    lambda one: one.link and one.entry and (one.link, one.entry),
    lambda one: one.link and (one.link, one.title),
    lambda one: (one.entry or one.published_at) and (one.entry, one.title, one.published_at),
    lambda one: one.link,
)
# The same for an entry without a link: then its id need not say more.
SAME_UNLINKED: Final[tuple[Callable[[Telling], Hashable], ...]] = (
    lambda one: one.entry and (one.entry, one.title),
    lambda one: one.entry and one.published_at and (one.entry, one.published_at),
    lambda one: one.entry and not one.published_at and one.entry,
)


def entry_key(entry_id: str) -> str:
    """An entry's id, as it is remembered."""
    return digest("id", entry_id)[:16]


def title_key(title: str) -> str:
    """A title, as it is remembered: without case, punctuation and space."""
    return digest("title", words(title))[:16]


def headline(title: str, source: str) -> str:
    """An aggregator's title as the source would put it: `Headline - The Source` without its end. Words only."""
    said, named = words(title), words(source)
    return said.removesuffix(f" {named}") if named else said


def words(text: str) -> str:
    """The text for comparing; itself where it has no word."""
    found = _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())
    return " ".join(found) or text.strip()


def recognise(tellings: Sequence[Telling], seen: Mapping[str, Seen], feed_id: str) -> list[str | None]:
    """Return the item id of each telling of a document; None for one that repeats another of them.

    An item is claimed by one telling only, the surest one; among equals, the first.
    """
    ids = _known(tellings, seen)
    taken = {item_id for item_id in ids if item_id} | seen.keys()
    marked: dict[Hashable, list[Telling]] = defaultdict(list)
    for telling, item_id in zip(tellings, ids, strict=True):
        if item_id:
            _mark(telling, marked)
    for n, telling in enumerate(tellings):
        if ids[n] is None and not _is_repeat(telling, marked):
            ids[n] = _new_id(telling, taken, feed_id)
            taken.add(ids[n] or "")
            _mark(telling, marked)
    return ids


def _known(tellings: Sequence[Telling], seen: Mapping[str, Seen]) -> list[str | None]:
    known = {item_id: _told(item_id, one) for item_id, one in seen.items()}
    pages = _pages_of_many(tellings, known.values())
    free = set(known)
    claims: list[str | None] = [None] * len(tellings)
    for same, unlinked_only in [(same, False) for same in SAME] + [(same, True) for same in SAME_UNLINKED]:
        left = [
            n
            for n, one in enumerate(tellings)
            if claims[n] is None and not (unlinked_only and (one.link or one.aggregated))
        ]
        by_trait = _by_trait(known, free, same) if left else {}
        for n in left:
            trait = same(tellings[n])
            if trait and trait not in pages and (found := by_trait.get(trait)):
                claims[n] = found.pop()
                free.discard(claims[n] or "")
    by_entry = _by_trait(known, free, lambda one: one.entry) if any(one.aggregated for one in tellings) else {}
    for n, one in enumerate(tellings):
        if claims[n] is None and one.aggregated:
            found = by_entry.get(one.entry, [])
            claims[n] = next((item_id for item_id in found if _same_aggregated(one, known[item_id])), None)
            if claims[n]:
                found.remove(claims[n] or "")
    return claims


def _by_trait(
    known: Mapping[str, Telling], free: Iterable[str], same: Callable[[Telling], Hashable]
) -> dict[Hashable, list[str]]:
    by_trait: dict[Hashable, list[str]] = defaultdict(list)
    for item_id in sorted(free):
        if trait := same(known[item_id]):
            by_trait[trait].append(item_id)
    return by_trait


def _pages_of_many(tellings: Sequence[Telling], known: Iterable[Telling]) -> set[str]:
    """The links that do not tell items apart: the feed gave several items the same, before or in this document."""
    before = Counter(one.link for one in known if one.link)
    titles, entries = defaultdict(set), defaultdict(set)
    for one in tellings:
        if one.link:
            titles[one.link].add(one.title)
            entries[one.link].add(one.entry or one.title)
    now = {link for link in titles if len(titles[link]) > 1 and len(entries[link]) > 1}
    return now | {link for link, items in before.items() if items > 1}


def _new_id(telling: Telling, taken: Set[str], feed_id: str) -> str | None:
    """The first id that is free: its own, or one that says more; None where there is nothing more to say."""
    parts = [feed_id, telling.own, telling.entry or "", telling.title]
    more = digest("entry", *parts), digest("entry", *parts, str(telling.published_at))
    return next((item_id for item_id in (telling.own, *more) if item_id not in taken), None)


def _mark(telling: Telling, marked: dict[Hashable, list[Telling]]) -> None:
    for mark in _marks(telling):
        marked[mark].append(telling)


def _is_repeat(telling: Telling, marked: Mapping[Hashable, list[Telling]]) -> bool:
    """Whether it stands in the document already: the same link and the same id or title; without link both."""
    for mark in _marks(telling):
        for other in marked.get(mark, ()):
            if mark != telling.entry or _same_aggregated(telling, other):
                return True
    return False


def _marks(one: Telling) -> list[Hashable]:
    if one.aggregated:
        return [one.entry, (one.link, one.title)] if one.link else [one.entry]
    if one.link is None:
        return [(one.entry, one.title)]
    return [(one.link, one.title), (one.link, one.entry)] if one.entry else [(one.link, one.title)]


def _same_aggregated(one: Telling, other: Telling) -> bool:
    """Undated, an item is the same for as long as it is remembered."""
    if one.entry != other.entry:
        return False
    return not (one.published_at and other.published_at) or abs(one.published_at - other.published_at) <= WINDOW


def _told(item_id: str, seen: Seen) -> Telling:
    return Telling(
        own=item_id,
        link=seen.link or item_id,
        entry=seen.entry,
        title=seen.title or "",
        published_at=seen.published_at,
    )
