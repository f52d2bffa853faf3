"""The gazetteer's files as types: YAML that people edit, checked on reading, errors with file and line."""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml

from schemas.messages import CountryCode, FigureKind, LanguageCode, Slug

HERE = Path(__file__).with_name("gazetteer")
VERSION = "version.yaml"
# What belongs to the languages and the world, not to a mission.
SHARED = (
    "countries.yaml", "country_names.yaml", "events.yaml", "figures.yaml", "given_names.yaml", "languages.yaml",
    "relevance.yaml", "roles.yaml", "speech.yaml",
)  # fmt: skip

Name = Annotated[str, msgspec.Meta(min_length=1)]
# Language -> names or words; "any" where the language does not matter.
Names = dict[Literal["any", "en", "fr", "es", "pt", "sw", "ht"], list[Name]]
EntityId = Annotated[str, msgspec.Meta(pattern="^(person|organisation|place|mission|gang)/[a-z0-9-]+$")]
Key = Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]+$")]


class _Row(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    pass


class Version(_Row, frozen=True):
    """version.yaml: the serial that people raise, and the hash of the content that it was raised for."""

    serial: Annotated[int, msgspec.Meta(gt=0)]
    content: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{12}$")]


class Entry(_Row, kw_only=True, frozen=True):
    """A person, organisation, place or gang.

    names: other names, in any case that the text may have them in (see docs/gazetteer.md on capitals and `*`).
    ambiguous: names that count only in an item that is about the mission or its host country.
    surnames: count after the full name, or after a title. country: a mention of a place or body counts for it too.
    of_mission: belongs to the mission: a reason for relevance. opaque: countries inside the name do not count.
    common: the name itself is a common word or elsewhere too: it counts like an ambiguous one.
    """

    id: EntityId
    name: Name
    names: Names = {}
    ambiguous: Names = {}
    surnames: list[Name] = []
    country: CountryCode | None = None
    of_mission: bool = False
    opaque: bool = False
    common: bool = False
    wikidata: Annotated[str, msgspec.Meta(pattern="^Q[0-9]+$")] | None = None
    sources: Annotated[list[Key], msgspec.Meta(min_length=1)]
    note: str = ""


class Mission(Entry, kw_only=True, frozen=True):
    """A mission. host: where it works. roles: what is known of its countries, used where a sentence does not say.

    standing: past and beside (an office that goes on beside the force) are no reason for relevance; past tells against.
    authorised: the strengths that it may have, told as authorised also where a sentence does not say so.
    """

    host: CountryCode
    roles: dict[Literal["lead", "contributor", "pledged", "withdrew"], list[CountryCode]] = {}
    standing: Literal["current", "past", "beside"] = "current"
    authorised: list[int] = []


class NameRule(_Row, frozen=True):
    """When a name is this country. Without only_with it is, unless person_like and it looks like part of a name.

    not_with: words beside which, anywhere in the item, the name is another place.
    """

    names: list[Name]
    not_with: list[Name] = []
    only_with: list[Name] = []
    person_like: bool = False


class CountryRow(_Row, kw_only=True, frozen=True):
    """What CLDR does not say of a country: other names, demonyms, capital and government that stand for it.

    ambiguous: capitals that other places are called like; they count where a mission's host country is named.
    """

    code: CountryCode
    names: Names = {}
    demonyms: Names = {}
    capital: Names = {}
    ambiguous: Names = {}
    government: Names = {}
    rules: list[NameRule] = []
    sources: list[Key] = []


class Namesake(_Row, frozen=True):
    """Something else called like a mission: where one of its names stands, the mission's short names do not count."""

    name: Name
    names: Names
    hides: list[EntityId]


class Shadows(_Row, frozen=True):
    """What looks like a country and is none."""

    namesakes: list[Namesake]
    phrases: Names
    words_before: list[Name]
    words_after: list[Name]
    before_countries: list[Name]
    small_demonyms: list[LanguageCode]


class Cues(_Row, frozen=True):
    """Words that decide something in a sentence, by language; `word*` stands for every ending."""

    cues: Names


class Relevance(_Row, frozen=True):
    """relevance.yaml: weights add up to a score s; the relevance is 1 / (1 + exp(-s))."""

    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)]
    bias: float
    weights: dict[str, float]
    force: Names
    foreign: Names
    deploy: Names
    foes: Names
    unrelated: Names
    other_topics: Names
    bodies: Names
    other_bodies: list[str]
    backers: Names
    sending: Names
    deciders: Names
    away: Names
    region: Names
    strength: Names
    strength_about: Names
    arriving: Names
    called: Names
    serving: Names
    home_languages: list[str]
    conjunctions: list[str]
    past_until: int
    civilian: list[str]
    counting: list[str]
    possessives: list[str]
    at: list[str]
    soil: list[str]
    owners: list[str]
    articles: list[str]
    articles_after: list[str]


class Roles(_Row, frozen=True):
    """roles.yaml: the cues of each role, what turns them round, and what takes a country out of a list."""

    lead: Names
    contributor: Names
    pledged: Names
    withdrew: Names
    led_by: Names
    negations: Names
    excluding: Names
    joining: list[str]
    offices: list[str]


class Figures(_Row, frozen=True):
    """figures.yaml: number words, units, what decides the kind, what makes a number approximate."""

    numbers: dict[str, float]
    no_numbers: dict[LanguageCode, list[str]]
    multipliers: dict[str, float]
    units: dict[str, Names]
    kinds: dict[FigureKind, Names]
    approximate: Names
    currencies: dict[str, list[str]]
    not_after: list[str]
    before_years: list[str]
    blockers: list[str]
    alone: list[str]
    hyphened: list[str]
    rounded: list[str]
    ones: list[str]
    before_number: list[str]
    unit_first: list[str]
    of: list[str]
    many: list[str]
    generic: list[str]
    reaching: list[str]
    growing: list[str]
    out_of: list[str]
    carriers: Names
    withs: Names
    relative: list[str]
    others: list[str]
    groups: Names
    joined: Names
    clauses: list[str]
    parts: list[str]
    copulas: list[str]
    starting: list[str]
    more: Names
    foreign: list[str]
    follows: list[str]
    same_country: list[str]
    promises: list[str]
    countries: list[str]
    mostly: list[str]
    toward: list[str]
    sendings: list[str]
    articles: list[str]


class Speech(_Row, frozen=True):
    """speech.yaml: titles before names, verbs of speech, pronouns, and what a byline looks like.

    according: stands before a source's name. of: words between a title and what it is for.
    """

    titles: Names
    verbs: Names
    object_verbs: list[str]
    pronouns: Names
    bylines: Names
    according: Names
    who: Names
    of: list[str]
    streets: Names
    not_names: list[str]


class Languages(_Row, frozen=True):
    """languages.yaml: function words that tell our languages from each other, and the others to consider."""

    words: dict[LanguageCode, list[str]]
    others: list[LanguageCode]


class Files(msgspec.Struct, kw_only=True, frozen=True):
    """The whole folder, read and checked one by one; `content` is the hash of what was read."""

    version: Version
    content: str
    sources: dict[Key, str]
    missions: list[Mission]
    entries: list[Entry]
    country_names: dict[CountryCode, Names]
    countries: list[CountryRow]
    shadows: Shadows
    relevance: Relevance
    roles: Roles
    figures: Figures
    events: dict[Slug, Names]
    speech: Speech
    given_names: Names
    languages: Languages


class _Loader(yaml.CSafeLoader):
    """YAML where no, on, yes and NO are words (and Norway), as in YAML 1.2, and only true and false are booleans."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or letter in "tTfF"]
    for letter, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class GazetteerError(Exception):
    """What is wrong, with file and line."""


T = TypeVar("T")
E = TypeVar("E", bound=Entry)
_AT = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")


def read(folder: Path) -> Files:
    """Read and check a gazetteer's folder. Raises GazetteerError with file, line and what is wrong.

    Files of a language rather than a mission (speech, figures, countries ...) that it lacks are those that ship.
    """
    entries: list[Entry] = []
    for kind in ("person", "organisation", "place", "gang"):
        entries += _of_kind(kind, folder / f"{kind}s.yaml", list[Entry])
    files = Files(
        version=_read(folder / VERSION, Version),
        content=content_hash(folder),
        sources=_read(folder / "sources.yaml", dict[Key, str]),
        missions=_of_kind("mission", folder / "missions.yaml", list[Mission]),
        entries=entries,
        country_names=_read(path_of(folder, "country_names.yaml"), dict[CountryCode, Names]),
        countries=_read(path_of(folder, "countries.yaml"), list[CountryRow]),
        shadows=_read(folder / "shadows.yaml", Shadows),
        relevance=_read(path_of(folder, "relevance.yaml"), Relevance),
        roles=_read(path_of(folder, "roles.yaml"), Roles),
        figures=_read(path_of(folder, "figures.yaml"), Figures),
        events=_read(path_of(folder, "events.yaml"), dict[Slug, Names]),
        speech=_read(path_of(folder, "speech.yaml"), Speech),
        given_names=_read(path_of(folder, "given_names.yaml"), Names),
        languages=_read(path_of(folder, "languages.yaml"), Languages),
    )
    _check_references(folder, files)
    return files


def path_of(folder: Path, name: str) -> Path:
    """The folder's own file, or the one that ships where it has none."""
    return folder / name if name not in SHARED or (folder / name).exists() else HERE / name


def content_hash(folder: Path) -> str:
    """48 bits of a SHA-256 over names and bytes of the folder's files, version.yaml apart."""
    hashed = hashlib.sha256()
    for path in sorted(
        {*folder.glob("*.yaml"), *(path_of(folder, name) for name in SHARED)}, key=lambda path: path.name
    ):
        if path.name != VERSION:
            hashed.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()[:12]


def _of_kind(kind: str, path: Path, rows: type[list[E]]) -> list[E]:
    entries = _read(path, rows)
    for entry in entries:
        if not entry.id.startswith(f"{kind}/"):
            raise GazetteerError(f"{path}:{line_of(path, f'id: {entry.id}')}: {entry.id} stands in the wrong file")
    return entries


def _read(path: Path, kind: type[T]) -> T:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GazetteerError(f"{path}: {error.strerror}") from error
    try:
        loaded = yaml.load(data, Loader=_Loader)  # noqa: S506 (it is a safe loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise GazetteerError(f"{path}:{line}: not YAML: {error.problem}") from error
    try:
        return msgspec.convert(loaded, kind)
    except msgspec.ValidationError as error:
        words = str(error)
        at = _AT.search(words)
        line = _line(data, at.group(1) if at else "")
        raise GazetteerError(f"{path}:{line}: {_AT.sub('', words)}{f' ({at.group(1)[1:]})' if at else ''}") from error


def _line(data: bytes, path: str) -> int:
    """The line, from 1, of the node at a path like `[3].names[...]`; of the nearest parent where that is vague."""
    node: Any = yaml.compose(data, Loader=_Loader)
    for key, index in _STEP.findall(path):
        if index and isinstance(node, yaml.SequenceNode):
            node = node.value[int(index)]
        elif key and isinstance(node, yaml.MappingNode):
            below = [value for name, value in node.value if name.value == key]
            if not below:
                break
            node = below[0]
        else:
            break
    return node.start_mark.line + 1 if node else 1


def line_of(path: Path, text: str) -> int:
    """The first line, from 1, that has `text`; 1 where none has."""
    lines = path.read_text().splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)


def _check_references(folder: Path, files: Files) -> None:
    """Ids are unique and in the right file, sources and countries exist."""
    seen: set[str] = set()
    for entry in [*files.missions, *files.entries]:
        kind = entry.id.split("/")[0]
        path = folder / f"{kind}s.yaml"
        where = f"{path}:{line_of(path, f'id: {entry.id}')}"
        if entry.id in seen:
            raise GazetteerError(f"{where}: {entry.id} is there twice")
        seen.add(entry.id)
        for source in entry.sources:
            if source not in files.sources:
                raise GazetteerError(f"{where}: {entry.id} names the source {source!r}, which sources.yaml lacks")
    for row in files.countries:
        path = path_of(folder, "countries.yaml")
        if row.code not in files.country_names:
            raise GazetteerError(f"{path}:{line_of(path, f'code: {row.code}')}: no country has the code {row.code}")
    for namesake in files.shadows.namesakes:
        for hidden in namesake.hides:
            if hidden not in seen:
                path = folder / "shadows.yaml"
                raise GazetteerError(
                    f"{path}:{line_of(path, hidden)}: {namesake.name} hides {hidden}, which is not there"
                )
