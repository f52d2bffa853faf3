"""The gazetteer, ready for matching: every name of every language in one Aho-Corasick automaton."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from ahocorasick_rs import BytesAhoCorasick

from schemas.messages import Role
from services.enrich.folding import fold_name
from services.enrich.gazetteer_files import HERE, Entry, Files, Mission, NameRule, Names, read

Kind = Literal["country", "mission", "person", "organisation", "place", "gang", "surname", "shadow", "namesake"]
Case = Literal["any", "capital", "same"]
Part = Literal["name", "demonym", "capital", "government"]

# What an item's language lets match: its own names, and those that its press mixes in.
_READS = {"en": ("en",), "fr": ("fr",), "es": ("es",), "pt": ("pt",), "sw": ("sw", "en"), "ht": ("ht", "fr")}
_BIT = {language: 1 << place for place, language in enumerate(_READS)}
_ALL = (1 << len(_BIT)) - 1
_LONGEST_ENDING = 4


class Sense(msgspec.Struct, frozen=True, gc=False):
    """What a name may mean. languages: bits. ambiguous: counts only in items about the mission or its host."""

    kind: Kind
    tag: str
    languages: int
    case: Case
    text: str
    ambiguous: bool = False
    part: Part = "name"
    rule: NameRule | None = None


class Words:
    """Names and cues of one automaton: finds them in folded text and says what each may mean."""

    def __init__(self, senses: Iterable[tuple[str, Sense]]) -> None:
        table: dict[bytes, list[Sense]] = {}
        for written, sense in senses:
            prefix = written.endswith("*")
            folded = fold_name(written.rstrip("*"))
            pattern = b" " + folded + (b"" if prefix else b" ")
            meanings = table.setdefault(pattern, [])
            if sense not in meanings:
                meanings.append(sense)
        self.senses = [tuple(meanings) for meanings in table.values()]
        self._prefix = [not pattern.endswith(b" ") for pattern in table]
        self._automaton = BytesAhoCorasick(list(table))
        self._of_languages: dict[int, list[tuple[Sense, ...]]] = {}

    def find(self, data: bytes, languages: int) -> list[tuple[int, int, tuple[Sense, ...]]]:
        """(start, end, senses in these languages) of what is found in folded text, overlaps included, no spaces."""
        read = self._of_languages.get(languages)
        if read is None:
            read = [tuple(sense for sense in senses if sense.languages & languages) for senses in self.senses]
            self._of_languages[languages] = read
        found = []
        prefix = self._prefix
        for pattern, start, end in self._automaton.find_matches_as_indexes(data, overlapping=True):
            senses = read[pattern]
            if not senses:
                continue
            if prefix[pattern]:
                stop = data.find(b" ", end)
                if stop - end > _LONGEST_ENDING:
                    continue
                found.append((start + 1, stop, senses))
            else:
                found.append((start + 1, end - 1, senses))
        return found


class Gazetteer:
    """A gazetteer's files, and what is derived from them once."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.version = f"{files.version.serial}-{files.content}"
        self.missions: dict[str, Mission] = {mission.id: mission for mission in files.missions}
        self.entries: dict[str, Entry] = {entry.id: entry for entry in [*files.missions, *files.entries]}
        self.current = [mission for mission in files.missions if mission.standing == "current"]
        self.hosts = frozenset(mission.host for mission in self.current)
        self.hides = {f"namesake:{row.name}": frozenset(row.hides) for row in files.shadows.namesakes}
        self.names = Words(_senses(files))
        self.cues = Words(_cues(files))
        self.words_before = frozenset(map(fold_name, files.shadows.words_before))
        self.before_countries = frozenset(map(fold_name, files.shadows.before_countries))
        self.words_after = frozenset(map(fold_name, files.shadows.words_after))
        # The bits of the languages that write nationalities with a small letter.
        self.small_demonyms = sum(_BIT[language] for language in files.shadows.small_demonyms)
        self.joining = frozenset(map(fold_name, files.roles.joining))
        self.titles = frozenset(fold_name(title) for titles in files.speech.titles.values() for title in titles)
        self.offices = self.titles | frozenset(map(fold_name, files.roles.offices))
        oblique = files.relevance
        self.at = frozenset(map(fold_name, oblique.at))
        self.conjunctions = frozenset(map(fold_name, oblique.conjunctions))
        self.home_languages = frozenset(oblique.home_languages)
        self.possessives = frozenset(map(fold_name, oblique.possessives))
        # Years of earlier missions, from 1900 to past_until. What is before them is looked at last: a pattern that
        # begins with digits is found much faster.
        years = "|".join(["19[0-9][0-9]", *map(str, range(2000, oblique.past_until + 1))])
        self.past_years = re.compile(rf"(?:{years})(?![0-9])(?<![0-9].{{4}})")
        self.civilian = frozenset(map(fold_name, oblique.civilian))
        numerals = (*files.figures.numbers, *files.figures.multipliers)
        self.counting = frozenset(map(fold_name, (*oblique.counting, *numerals)))
        self.soil = frozenset(map(fold_name, oblique.soil))
        self.owners = frozenset(map(fold_name, oblique.owners))
        self.articles = frozenset(map(fold_name, oblique.articles))
        self.articles_after = frozenset(map(fold_name, oblique.articles_after))
        self.other_bodies = frozenset(map(fold_name, oblique.other_bodies))
        self.not_names = frozenset(map(fold_name, files.speech.not_names))
        self.given_names = frozenset(fold_name(name) for names in files.given_names.values() for name in names)
        self.force_words = tuple(
            fold_name(word.rstrip("*")) for words in files.relevance.force.values() for word in words
        )
        # Country -> role in the latest mission that knows the country.
        self.known_roles: dict[tuple[str, str], Role] = {
            (mission.id, code): role
            for mission in files.missions
            for role, codes in mission.roles.items()
            for code in codes
        }
        self.senders = frozenset(code for mission in self.current for codes in mission.roles.values() for code in codes)

    def titled(self, before: list[bytes]) -> bool:
        """Whether the folded words before a name end in a title ("Commander", "Premye Minis")."""
        return ends_in(before, self.titles)

    @staticmethod
    def languages(language: str) -> int:
        """The bits of the names that count in an item of this language; all for one that we do not read."""
        return sum(_BIT[read] for read in _READS.get(language, ())) or _ALL


def ends_in(words: list[bytes], phrases: frozenset[bytes]) -> bool:
    """Whether the last one, two or three words are one of the phrases."""
    if not words:
        return False
    last = words[-1]
    if last in phrases:
        return True
    if len(words) == 1:
        return False
    last = words[-2] + b" " + last
    return last in phrases or (len(words) > 2 and words[-3] + b" " + last in phrases)


@cache
def load(folder: Path | None = None) -> Gazetteer:
    """The gazetteer of a folder, by default the one that ships. Raises GazetteerError with file and line."""
    return Gazetteer(read(folder or HERE))


def case_of(written: str) -> Case:
    """How a name must be written in the text: see docs/gazetteer.md.

    Names of three words and more, or with a number, count in any case; shorter ones need a capital where they are
    given with one; acronyms need all of theirs.
    """
    letters = [letter for letter in written if letter.isalpha()]
    if len(written.split()) >= 3 or not any(sign.isupper() for sign in written) or any(map(str.isdigit, written)):
        return "any"
    return "same" if len(letters) <= 8 and all(letter.isupper() for letter in letters) else "capital"


def _each(names: Names) -> Iterator[tuple[str, int]]:
    for language, written in names.items():
        bits = _ALL if language == "any" else _BIT[language]
        for name in written:
            yield name, bits


def _senses(files: Files) -> Iterator[tuple[str, Sense]]:
    for entry in [*files.missions, *files.entries]:
        yield from _entry_senses(entry)
    for code, names in files.country_names.items():
        rules = {
            rule_name: rule
            for row in files.countries
            if row.code == code
            for rule in row.rules
            for rule_name in rule.names
        }
        for name, bits in _each(names):
            yield name, Sense("country", f"country:{code}", bits, case_of(name), name, rule=rules.get(name))
    for row in files.countries:
        rules = {rule_name: rule for rule in row.rules for rule_name in rule.names}
        parts: tuple[tuple[Part, Names], ...] = (
            ("name", row.names),
            ("demonym", row.demonyms),
            ("capital", row.capital),
            ("government", row.government),
        )
        for part, named in parts:
            for name, bits in _each(named):
                sense = Sense("country", f"country:{row.code}", bits, case_of(name), name, rule=rules.get(name))
                yield name, msgspec.structs.replace(sense, part=part)
        for name, bits in _each(row.ambiguous):
            yield (
                name,
                Sense("country", f"country:{row.code}", bits, case_of(name), name, ambiguous=True, part="capital"),
            )
    for namesake in files.shadows.namesakes:
        for name, bits in _each(namesake.names):
            yield name, Sense("namesake", f"namesake:{namesake.name}", bits, case_of(name), name)
    for name, bits in _each(files.shadows.phrases):
        yield name, Sense("shadow", "shadow", bits, case_of(name), name)


def _entry_senses(entry: Entry) -> Iterator[tuple[str, Sense]]:
    kind: Kind = entry.id.split("/")[0]  # type: ignore[assignment]
    yield entry.name, Sense(kind, entry.id, _ALL, case_of(entry.name), entry.name, ambiguous=entry.common)
    for name, bits in _each(entry.names):
        yield name, Sense(kind, entry.id, bits, case_of(name), name, ambiguous=entry.common)
    for name, bits in _each(entry.ambiguous):
        yield name, Sense(kind, entry.id, bits, case_of(name), name, ambiguous=True)
    for name in entry.surnames:
        yield name, Sense("surname", entry.id, _ALL, case_of(name), name)


def _cues(files: Files) -> Iterator[tuple[str, Sense]]:
    """Cues are senses too: the tag says what they decide."""
    roles = files.roles
    groups: dict[str, Names] = {
        "force": files.relevance.force,
        "foreign": files.relevance.foreign,
        "deploy": files.relevance.deploy,
        "unrelated": files.relevance.unrelated,
        "foes": files.relevance.foes,
        "bodies": files.relevance.bodies,
        "backers": files.relevance.backers,
        "sending": files.relevance.sending,
        "deciders": files.relevance.deciders,
        "strength": files.relevance.strength,
        "strength_about": files.relevance.strength_about,
        "arriving": files.relevance.arriving,
        "called": files.relevance.called,
        "serving": files.relevance.serving,
        "region": files.relevance.region,
        "away": files.relevance.away,
        "other_topics": files.relevance.other_topics,
        "role:lead": roles.lead,
        "role:contributor": roles.contributor,
        "role:pledged": roles.pledged,
        "role:withdrew": roles.withdrew,
        "led_by": roles.led_by,
        "not": roles.negations,
        "excluding": roles.excluding,
        **{f"kind:{kind}": names for kind, names in files.figures.kinds.items()},
        **{f"event:{kind}": names for kind, names in files.events.items()},
    }
    for tag, names in groups.items():
        for name, bits in _each(names):
            yield name, Sense("shadow", tag, bits, "any", name)
