"""What an item names: one pass over its folded text, then boundaries, languages, capitals, longest match, context."""

from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer, Part, Sense
from services.enrich.not_countries import why_no_country

_ARTICLES = ("La ", "la ", "Le ", "le ", "Les ", "les ", "El ", "el ", "Las ", "las ", "Los ", "los ", "The ", "the ")
_SPELLED = 9  # words before "(MSS)" that can be what it is short for
_INSIDE = frozenset(("mission", "organisation"))  # countries inside these names count too


class Mention(msgspec.Struct, frozen=True, gc=False):
    """A name in the text: code points start to end of the document, what it means there, and the tag that it gives.

    tag: the sense's, e.g. `country:KE` or `person/godfrey-otunge`.
    """

    start: int
    end: int
    sense: Sense
    tag: str


class Mentions:
    """All names of a document, in order. hosts: host countries that it names; namesakes: of missions, not counted."""

    def __init__(self, kept: list[Mention], hosts: frozenset[str], namesakes: list[Mention]) -> None:
        self.all = kept
        self.hosts = hosts
        self.namesakes = namesakes
        self.countries = [mention for mention in kept if mention.sense.kind == "country"]
        self.missions = [mention for mention in kept if mention.sense.kind == "mission"]
        self.entities = [mention for mention in kept if mention.sense.kind not in ("country", "namesake", "shadow")]


def find(document: Document, gazetteer: Gazetteer, language: str, notes: list[str] | None = None) -> Mentions:
    """The names that count in a document. notes, where given, is filled with what did not count, and why."""
    candidates = _candidates(document, gazetteer, gazetteer.languages(language), notes)
    if not candidates:
        return Mentions([], frozenset(), [])
    named = _longest(candidates, gazetteer)
    kinds = {mention.sense.kind for mention in named}
    others = _introduced_as_something_else(named, document, gazetteer) if "mission" in kinds else set()
    named = _without_people_and_papers(named, document, gazetteer, notes)
    hosts = _hosts(named, gazetteer)
    if language in gazetteer.home_languages:
        hosts |= gazetteer.hosts
    kept = list(_in_context(named, gazetteer, hosts, others, notes))
    if kinds & {"person", "surname"}:
        kept = _with_surnames(kept, hosts, document, gazetteer, notes)
    if kinds & {"place", "organisation"}:
        kept = _with_places_countries(kept, gazetteer)
    return Mentions(kept, hosts, [mention for mention in named if mention.sense.kind == "namesake"])


def _note(notes: list[str] | None, mention: Mention, document: Document | None, why: str) -> None:
    if notes is not None:
        text = document.text[mention.start : mention.end] if document else mention.sense.text
        notes.append(f"{mention.start:>6}  {text!r} is not {mention.tag}: {why}")


def _candidates(document: Document, gazetteer: Gazetteer, languages: int, notes: list[str] | None) -> list[Mention]:
    """Every name in the right language and with the right capitals."""
    text, folded = document.text, document.folded
    plain = folded.origin is None
    found = []
    for start, end, senses in gazetteer.names.find(folded.data, languages):
        if plain:
            start, end = start - 1, end - 1
        else:
            start, end = folded.span(start, end)
        for sense in senses:
            case = sense.case
            if case == "capital" and not _has_its_capital(sense.text, text, start, end):
                continue
            if case == "same" and not text[start:end].isupper():
                _note(notes, Mention(start, end, sense, sense.tag), document, "an acronym needs its capitals")
                continue
            found.append(Mention(start, end, sense, sense.tag))
    return found


def _has_its_capital(name: str, text: str, start: int, end: int) -> bool:
    """Whether text[start:end] has the name's capitals: both of "La Paz", the later one of "la Réunion"."""
    if not text[start].isupper() and not name[0].islower():
        return False
    return not (" " in name and name.startswith(_ARTICLES) and text[start + 1 : end].islower())


def _place(mention: Mention) -> tuple[int, int]:
    return mention.start, -mention.end


def _longest(candidates: list[Mention], gazetteer: Gazetteer) -> list[Mention]:
    """Leftmost-longest, several senses of one span kept; countries inside missions and organisations kept too."""
    candidates.sort(key=_place)
    kept: list[Mention] = []
    taken_from, taken_to, outer = -1, -1, None
    for mention in candidates:
        start, end, sense = mention.start, mention.end, mention.sense
        if start >= taken_to:
            taken_from, taken_to, outer = start, end, sense
            kept.append(mention)
        elif (start == taken_from and end == taken_to) or (
            outer is not None
            and sense.kind == "country"
            and outer.kind in _INSIDE
            and end <= taken_to
            and not gazetteer.entries[outer.tag].opaque
        ):
            kept.append(mention)
    return kept


def _without_people_and_papers(
    named: list[Mention], document: Document, gazetteer: Gazetteer, notes: list[str] | None
) -> list[Mention]:
    """Drop countries that are part of a person's, paper's or school's name, by the words beside them."""
    kept = []
    for place, mention in enumerate(named):
        if mention.sense.kind == "country" and (why := why_no_country(mention, named, place, document, gazetteer)):
            _note(notes, mention, document, why)
        else:
            kept.append(mention)
    return kept


def _hosts(named: Iterable[Mention], gazetteer: Gazetteer) -> frozenset[str]:
    """The host countries of current missions that the document names for certain."""
    hosts = set()
    short = set()
    for mention in named:
        sense = mention.sense
        if sense.kind == "country":
            if not sense.ambiguous:
                hosts.add(sense.tag[8:])
            continue
        if sense.kind == "mission" and sense.case == "same" and gazetteer.missions[sense.tag].standing == "current":
            short.add(sense.tag)
        if sense.kind in ("place", "organisation", "gang", "mission") and not sense.ambiguous:
            entry = gazetteer.entries[sense.tag]
            if entry.country:
                hosts.add(entry.country)
            elif sense.kind == "mission" and gazetteer.missions[sense.tag].standing == "current":
                hosts.add(gazetteer.missions[sense.tag].host)
            elif sense.kind == "gang":
                hosts |= gazetteer.hosts
        elif sense.kind == "person" and not sense.ambiguous and gazetteer.entries[sense.tag].of_mission:
            hosts |= gazetteer.hosts  # its commander is known for nothing else
    if len(short) > 1:  # "The MSS is now the GSF": two of a host's missions are no namesakes
        hosts |= {gazetteer.missions[tag].host for tag in short}
    return frozenset(hosts & gazetteer.hosts)


def _introduced_as_something_else(named: list[Mention], document: Document, gazetteer: Gazetteer) -> set[str]:
    """Missions whose acronym the item itself gives to another body, as in "Foro de São Paulo (FSP)": no force."""
    found = set()
    text = document.text
    for mention in named:
        start, sense = mention.start, mention.sense
        if sense.kind != "mission" or not sense.ambiguous or sense.case != "same" or text[start - 1] != "(":
            continue
        stop = max(text.rfind(sign, 0, start) for sign in (". ", "\n", ";"))
        words = document.words(max(stop + 1, start - 90), start)[-_SPELLED:]
        if len(words) >= len(sense.text) - 1 and not any(word.startswith(gazetteer.force_words) for word in words):
            found.add(sense.tag)
    return found


def _in_context(
    named: list[Mention], gazetteer: Gazetteer, hosts: frozenset[str], others: set[str], notes: list[str] | None
) -> Iterable[Mention]:
    """Ambiguous names count where the host is named; a mission's not beside a namesake without its long name."""
    hidden: set[str] = set(others)
    for mention in named:
        if mention.sense.kind == "namesake":
            hidden |= gazetteer.hides[mention.tag]
    certain = {mention.tag for mention in named if mention.sense.kind == "mission" and not mention.sense.ambiguous}
    seen: set[tuple[int, int, str]] = set()
    for mention in named:
        sense = mention.sense
        if sense.kind in ("shadow", "namesake"):
            if notes is not None and sense.kind == "namesake":
                _note(notes, mention, None, f"a namesake that hides {', '.join(sorted(gazetteer.hides[mention.tag]))}")
            continue
        key = (mention.start, mention.end, mention.tag)
        if key in seen:
            continue
        if sense.ambiguous:
            host = gazetteer.missions[sense.tag].host if sense.kind == "mission" else None
            if not hosts or (host is not None and host not in hosts):
                _note(notes, mention, None, "ambiguous, and the item does not name the host country")
                continue
            if sense.tag in hidden and sense.tag not in certain:
                _note(notes, mention, None, "a namesake is in the item")
                continue
        seen.add(key)
        yield mention


def _with_surnames(
    kept: list[Mention], hosts: frozenset[str], document: Document, gazetteer: Gazetteer, notes: list[str] | None
) -> list[Mention]:
    """A surname counts after its full name; before that, or without it, after a title where the host is named."""
    full: dict[str, int] = {}
    for mention in kept:
        if mention.sense.kind == "person":
            full.setdefault(mention.tag, mention.start)
    people = []
    countries = {mention.end for mention in kept if mention.sense.kind == "country"}
    for mention in kept:
        alone = mention.sense.kind == "person" and " " not in mention.sense.text  # a surname known well enough
        if mention.sense.kind != "surname" and not alone:
            people.append(mention)
        elif _part_of_another_name(mention, document, gazetteer, countries):
            _note(notes, mention, document, "part of another name")
        elif alone:
            people.append(mention)
        elif mention.tag in full or (
            hosts and gazetteer.titled(document.words(max(0, mention.start - 40), mention.start))
        ):
            sense = msgspec.structs.replace(mention.sense, kind="person")
            people.append(Mention(mention.start, mention.end, sense, sense.tag))
        else:
            _note(notes, mention, document, "a surname without its full name or a title")
    return _one_person_a_span(people, full, hosts, gazetteer)


def _part_of_another_name(mention: Mention, document: Document, gazetteer: Gazetteer, countries: set[int]) -> bool:
    """Whether the surname goes on ("Pierre Buteau"), or another given name stands right before ("Mary Otunge")."""
    text, end = document.text, mention.end
    if text[end : end + 1] in ("-", " ") and text[end + 1 : end + 2].isupper() and text[end + 2 : end + 3].islower():
        after = document.words(end, end + 30)
        if text[end] == "-" or (after and after[0] not in gazetteer.not_names):
            return True
    if text[mention.start - 1 : mention.start] != " ":
        return False
    before = document.words(max(0, mention.start - 30), mention.start)
    if before and before[-1] in gazetteer.given_names:
        return True
    # "Coronel Ulises Arévalo": a capital inside a sentence, and neither a title nor a country.
    if (
        len(before) < 2
        or mention.start - 1 in countries
        or gazetteer.titled(before)
        or before[-1] in gazetteer.not_names
    ):
        return False
    word = text[max(0, mention.start - 30) : mention.start].split()[-1]
    ahead = text[: mention.start - len(word) - 2][-1:]
    return word[0].isupper() and word.isalpha() and not word.isupper() and ahead.isalnum()


def _one_person_a_span(
    people: list[Mention], full: dict[str, int], hosts: frozenset[str], gazetteer: Gazetteer
) -> list[Mention]:
    """Two people can share a surname: the one who was named in full is meant, else the one of the host country."""

    def rank(mention: Mention) -> tuple[int, bool]:
        return full.get(mention.tag, -1), gazetteer.entries[mention.tag].country in hosts

    best: dict[tuple[int, int], Mention] = {}
    kept = []
    for mention in people:
        if mention.sense.kind != "person":
            kept.append(mention)
            continue
        key = (mention.start, mention.end)
        other = best.get(key)
        if other is None or rank(mention) > rank(other):
            best[key] = mention
    return sorted([*kept, *best.values()], key=_place)


def _with_places_countries(kept: list[Mention], gazetteer: Gazetteer) -> list[Mention]:
    """A place, or a body of a country whose name does not say so, stands for its country too."""
    added = []
    countries = [mention for mention in kept if mention.sense.kind == "country"]
    starts = [mention.start for mention in countries]
    for mention in kept:
        if mention.sense.kind in ("place", "organisation"):
            country = gazetteer.entries[mention.tag].country
            inside = countries[bisect_left(starts, mention.start) : bisect_left(starts, mention.end)]
            if country and not any(other.end <= mention.end for other in inside):
                part: Part = "capital" if mention.sense.kind == "place" else "government"
                sense = Sense(
                    "country", f"country:{country}", mention.sense.languages, "any", mention.sense.text, part=part
                )
                added.append(Mention(mention.start, mention.end, sense, sense.tag))
    return sorted([*kept, *added], key=_place) if added else kept
