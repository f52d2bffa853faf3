"""Names that only look like a country: part of a person's, an outlet's or a school's name, or a dateline."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer

if TYPE_CHECKING:
    from services.enrich.mentions import Mention


_OF = frozenset(("of", "de", "du", "da", "do", "la", "cha"))
_REACH = 30  # characters before a name


def why_no_country(
    mention: "Mention", named: list["Mention"], place: int, document: Document, gazetteer: Gazetteer
) -> str | None:
    """Why named[place] is no country, by the words beside it and the rules of its name; None where it is one."""
    start, end, sense = mention.start, mention.end, mention.sense
    text, part = document.text, sense.part
    if part == "capital" and _is_dateline(text, start):
        return "it is where the report was written"
    follows, precedes = text[end : end + 1], text[start - 1] if start else ""
    if precedes in ("@", ".") or (follows == "." and text[end + 1 : end + 2].islower()):
        return "it is part of an address on the web"
    if part == "name" or part == "demonym":
        if follows == " " and not text[end + 1 : end + 2].islower():
            after = _word_after(text, end)
            if after[:1].isupper() and fold_name(after) in gazetteer.words_after:
                return f"{after} after it makes it an outlet or a school"
        if precedes == " " and not text[max(0, start - _REACH) : start].islower():  # only capitals are asked about
            before = _word_before(text, start)
            if before[:1].isupper() and fold_name(before) in gazetteer.words_before:
                return f"{before} before it makes it an outlet or a school"
    if part == "demonym" and _is_a_proper_name(mention, text, gazetteer):
        return "with a capital it is a name there, not a nationality"
    rule = sense.rule
    if rule is None:
        return None
    data = document.folded.data
    if rule.not_with and any(_alone(word) in data for word in rule.not_with):
        return "another place of that name is meant"
    if rule.only_with and not any(_alone(word) in data for word in rule.only_with) and not _in_list(named, place, text):
        return "nothing in the item says that the country is meant"
    if rule.person_like and _looks_like_a_person(text, start, end, gazetteer):
        return "it looks like part of a person's name"
    return None


@lru_cache(maxsize=2_000)
def _alone(word: str) -> bytes:
    """A rule's word as it stands in folded text."""
    return b" " + fold_name(word) + b" "


def _is_a_proper_name(mention: "Mention", text: str, gazetteer: Gazetteer) -> bool:
    """Whether a language that writes nationalities small has a capital after a small word: "Complexo do Alemão"."""
    start, end, sense = mention.start, mention.end, mention.sense
    if sense.languages & ~gazetteer.small_demonyms or not text[start].isupper() or text[start:end].isupper():
        return False
    before = text[max(0, start - 20) : start].split(" ")
    return len(before) > 1 and not before[-1] and before[-2].isalpha() and before[-2].islower()


# "NAIROBI, Kenya (AP) -", "SANTO DOMINGO.-", "KINGSTON:"
_DATELINE = re.compile(
    r"[^\W\d_][\w .'’\-]{1,30}(?:, ?[\w .'’]{2,25})?(?: ?\([^)\n]{2,25}\))?(?:\.? ?[–—]{1,2}|\.? ?--|\.? -|:|\.-) ?"
)


def _is_dateline(text: str, start: int) -> bool:
    """Whether the name opens a paragraph as the place where the report was written."""
    if start > 3 and "\n" not in text[start - 4 : start]:
        return False
    found = _DATELINE.match(text, start)
    if found is None:
        return False
    return text[start : start + 4].isupper() or found.group().rstrip().endswith((".-", "–", "—", "-"))


def _word_after(text: str, end: int) -> str:
    if text[end : end + 1] != " " or text[end + 1 : end + 2].islower():  # only capitals are asked about
        return ""
    return text[end + 1 : end + 30].split(" ", 1)[0].strip(".,;:!?)»”\"'")


def _word_before(text: str, start: int) -> str:
    if text[start - 1 : start] != " ":
        return ""
    words = text[max(0, start - _REACH) : start].rsplit(None, 2)
    if len(words) > 1 and words[-1].lower() in _OF:
        return words[-2]
    return words[-1] if words else ""


def _in_list(named: list["Mention"], place: int, text: str) -> bool:
    """Whether another country, and one for certain, stands right beside it: "Georgia, Armenia"."""
    mention = named[place]
    for other in (named[place - 1] if place else None, named[place + 1] if place + 1 < len(named) else None):
        if (
            other is not None
            and other.sense.kind == "country"
            and other.tag != mention.tag
            and other.sense.part == "name"
            and not (other.sense.rule and other.sense.rule.only_with)
        ):
            between = text[min(other.end, mention.end) : max(other.start, mention.start)]
            if len(between) <= 8 and (
                not between.strip()
                or between.strip() in (",", ", and", "and", ", y", "y", "et", "e", ", et", ", e", "na", "ak")
            ):
                return True
    return False


def _looks_like_a_person(text: str, start: int, end: int, gazetteer: Gazetteer) -> bool:
    after = _word_after(text, end)
    if after[:1].isupper() and not after.isupper() and text[end : end + 2] == " " + after[0]:
        return True
    before = _word_before(text, start)
    begins = text[: max(0, start - 1 - len(before))].rstrip()[-1:]
    return (
        before[:1].isupper()
        and before.isalpha()
        and len(before) > 2
        and begins not in ("", ".", "!", "?", "\n", "”", '"', ":")
        and fold_name(before) not in gazetteer.before_countries
    )
