"""Near-duplicates: which items tell one story. Pure; claims.py makes it so among replicas. How: docs/stories.md.

A MinHash signature (Broder 1997) of 128 permutations estimates the Jaccard similarity of two texts' sets of five-word
shingles. Its 16 bands of 8 rows (Rajaraman and Ullman, Mining of Massive Datasets, 3.4) find whom to compare with.
"""

import base64
import re
import struct
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

import msgspec
from rensa import RMinHash

from schemas.identity import digest
from schemas.messages import EnrichedItem, Utc

PERMUTATIONS = 128
BANDS = 16
ROWS = PERMUTATIONS // BANDS
SHINGLE_WORDS = 5
SIMILAR = 0.7
WINDOW = timedelta(days=14)
SEED = 2793
_PACKED = struct.Struct(f"<{PERMUTATIONS}I")
_WORD = re.compile(r"\w+")

Signature = tuple[int, ...]


class Story(msgspec.Struct, kw_only=True, frozen=True):
    """A story, or the claim to be one, as stored under its id. first_at: when its first item was fetched.

    provisional: may yet turn out to be another. confirmed: stays. redirected: is what `redirect_to` is.
    """

    story_id: str
    state: Literal["provisional", "confirmed", "redirected"]
    first_at: Utc
    signature: str
    redirect_to: str | None = None
    kind: Literal["story"] = "story"


class Band(msgspec.Struct, kw_only=True, frozen=True):
    """Whose a band is, as stored under its id."""

    story_id: str
    first_at: Utc
    kind: Literal["band"] = "band"


class Confirm(msgspec.Struct, frozen=True):
    """The story is one of its own."""

    story_id: str


class Redirect(msgspec.Struct, frozen=True):
    """One story is another one."""

    story_id: str
    to: str


def folded_words(text: str) -> list[str]:
    """Return the words without case and accents."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _WORD.findall(text.casefold())


def shingles(item: EnrichedItem) -> set[str]:
    """Return every five words in a row of title, summary and text; of less than five words, all of them."""
    found: set[str] = set()
    for part in (item.title, item.summary, item.text):
        words = folded_words(part)
        last = max(1, len(words) - SHINGLE_WORDS + 1) if words else 0
        found |= {" ".join(words[at : at + SHINGLE_WORDS]) for at in range(last)}
    return found


def signature(item: EnrichedItem) -> Signature | None:
    """Return 128 32-bit minima, or None for an item without a word."""
    found = shingles(item)
    if not found:
        return None
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    minhash.update(sorted(found))
    return tuple(minhash.digest())


def similarity(one: Signature, other: Signature) -> float:
    """Return the estimated Jaccard similarity."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / PERMUTATIONS


@lru_cache(maxsize=4_096)
def band_ids(of: Signature) -> tuple[str, ...]:
    """Return the ids of the 16 band documents."""
    rows = [map(str, of[number * ROWS : (number + 1) * ROWS]) for number in range(BANDS)]
    return tuple(digest("band", str(number), *band) for number, band in enumerate(rows))


def pack(of: Signature) -> str:
    """Return the signature as base64, for storing."""
    return base64.b64encode(_PACKED.pack(*of)).decode()


def unpack(packed: str) -> Signature:
    """Return what `pack` packed."""
    return _PACKED.unpack(base64.b64decode(packed))


def own_story_id(item_id: str) -> str:
    """The story that an item begins. The same whenever it is asked: a crashed claim is taken up where it stopped."""
    return digest("story", item_id)


def apart_story_id(item_id: str) -> str:
    """The story of an item that a person took out of its story: no other item gets it by its words."""
    return digest("story", "apart", item_id)


def within_window(band: Band, first_at: datetime) -> bool:
    """Whether an item of that time can belong to the band's story."""
    return abs(first_at - band.first_at) <= WINDOW


def expired(band: Band, first_at: datetime) -> bool:
    """Whether an item of that time may take the band over."""
    return first_at - band.first_at > WINDOW


def resolve(story_id: str, known: Mapping[str, Story]) -> Story | None:
    """Follow redirects to the end; None where a story on the way is not known (yet)."""
    while (story := known.get(story_id)) and story.redirect_to:
        story_id = story.redirect_to
    return story


def rivals_of(of: Signature, owners: Iterable[str], known: Mapping[str, Story]) -> list[Story]:
    """Return the similar ones of the stories that own its bands, as what they are now, each once."""
    found = {}
    for owner in owners:
        claim = known.get(owner)
        now = resolve(owner, known)
        if claim and now and similarity(of, unpack(claim.signature)) >= SIMILAR:
            found[now.story_id] = now
    return sorted(found.values(), key=_age)


def join(rivals: Sequence[Story]) -> Story | None:
    """Return the confirmed story that an item with these similar stories belongs to: the oldest."""
    return min((rival for rival in rivals if rival.state == "confirmed"), key=_age, default=None)


def settle(own: Story, rivals: Sequence[Story]) -> list[Confirm | Redirect]:
    """Return the compare-and-sets that bring a provisional story nearer to its end.

    A confirmed story never redirects, a provisional one yields to it; of provisional ones the lowest id stays.
    To be called only after the answers for all bands of `own` are seen.
    """
    others = [rival for rival in rivals if rival.story_id != own.story_id]
    if confirmed := join(others):
        return [Redirect(own.story_id, confirmed.story_id)]
    lowest = min([own, *others], key=lambda story: story.story_id)
    if lowest != own:
        return [Redirect(own.story_id, lowest.story_id)]
    return [Redirect(other.story_id, own.story_id) for other in others] or [Confirm(own.story_id)]


def _age(story: Story) -> tuple[datetime, str]:
    return story.first_at, story.story_id
