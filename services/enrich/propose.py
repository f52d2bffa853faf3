"""People whom the rules find again and again, as entries for persons.yaml that a person completes and pastes."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from services import engine, telemetry
from services.enrich import archive
from services.enrich.archive import EXAMPLES, Named
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer


async def run(gazetteer: Gazetteer, since: datetime, min_count: int) -> str:
    """The proposals as YAML. Raises Transient."""
    telemetry.start("enrich-propose")
    async with engine.connect() as connected:
        found = await archive.people(connected, since, min_count)
    return "\n".join(lines(unknown(found, gazetteer), since, min_count)) + "\n"


def unknown(found: Iterable[Named], gazetteer: Gazetteer) -> list[Named]:
    """The names that no entry has, spellings that differ by accents and case together, the most frequent first."""
    known = {
        fold_name(name)
        for entry in gazetteer.entries.values()
        for name in (entry.name, *(name for names in entry.names.values() for name in names))
    }
    together: dict[bytes, Named] = {}
    for one in found:
        folded = fold_name(one.name)
        if folded in known:
            continue
        first = together.get(folded)
        if first:  # the more frequent spelling came first
            items, examples = first.items + one.items, [*first.examples, *one.examples]
            one = Named(first.name, items, examples[:EXAMPLES])
        together[folded] = one
    return sorted(together.values(), key=lambda one: (-one.items, one.name))


def lines(proposed: Iterable[Named], since: datetime, min_count: int) -> Iterator[str]:
    """YAML: an entry for each, with its count and examples as comments above it."""
    yield f"# Found by rule in at least {min_count} relevant items since {since:%Y-%m-%d}, without an entry."
    yield "# Check each against a source, name it in sources.yaml, add surnames and country, paste into persons.yaml."
    for one in proposed:
        yield f"# {one.items} items"
        for title, url in one.examples:
            yield f"#   {_line(title)} {_line(url or '(no link)')}"
        yield f"- {{id: person/{slug(one.name)}, name: {_quoted(one.name)}, sources: [unconfirmed]}}"


def slug(name: str) -> str:
    """The readable part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", fold_name(name).decode("ascii")).strip("-")


def _line(text: str) -> str:
    return " ".join(text.split())


def _quoted(name: str) -> str:
    """Plain where YAML takes it so; else as JSON, which is YAML."""
    return name if re.fullmatch(r"[^\W\d_][\w .\-]*", name) else msgspec.json.encode(name).decode()
