"""The gazetteer's commands: check, stats, explain, bump, names."""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from schemas.identity import content_hash, digest, item_id
from schemas.messages import EnrichedItem, RawItem
from services.enrich.gazetteer import Gazetteer, load
from services.enrich.gazetteer_files import HERE, VERSION, GazetteerError, read
from services.enrich.tag import Tagger


def run(options: argparse.Namespace, folder: Path | None) -> Iterator[str]:
    """Carry out the command and yield its lines. Raises GazetteerError."""
    where = folder or HERE
    if options.action == "check":
        yield check(where)
    elif options.action == "stats":
        yield from stats(load(folder))
    elif options.action == "bump":
        yield bump(where)
    elif options.action == "names":
        from services.enrich.country_names import generate

        yield generate(where / "country_names.yaml")
    else:
        text = sys.stdin.read() if options.text == "-" else options.text
        yield from explain(load(folder), text, options.language)


def check(folder: Path) -> str:
    """Read everything. Raises GazetteerError, also where the content changed and the serial did not."""
    files = read(folder)
    Gazetteer(files)
    if files.content != files.version.content:
        raise GazetteerError(
            f"{folder / VERSION}: the content is {files.content}, serial {files.version.serial} was for "
            f"{files.version.content}: run `python -m services.enrich gazetteer bump`"
        )
    return f"{folder}: sound, version {files.version.serial}-{files.content}"


def bump(folder: Path) -> str:
    """Raise the serial and record the content's hash; nothing where the content is the recorded one."""
    files = read(folder)
    path = folder / VERSION
    if files.content == files.version.content:
        return f"{path}: nothing changed since serial {files.version.serial}"
    written = re.sub(r"(?m)^serial: .*$", f"serial: {files.version.serial + 1}", path.read_text())
    path.write_text(re.sub(r"(?m)^content: .*$", f'content: "{files.content}"', written))
    return f"{path}: serial {files.version.serial + 1}, content {files.content}"


def stats(gazetteer: Gazetteer) -> Iterator[str]:
    """Entries and names, by kind."""
    entries: Counter[str] = Counter(identity.split("/")[0] for identity in gazetteer.entries)
    senses = [sense for meanings in gazetteer.names.senses for sense in meanings]
    names: Counter[str] = Counter(str(sense.kind) for sense in senses)
    yield f"version       {gazetteer.version}"
    yield f"missions      {', '.join(gazetteer.missions)}"
    yield f"hosts         {', '.join(sorted(gazetteer.hosts))}"
    for kind in sorted(set(entries) | set(names)):
        counted = entries[kind] or len({sense.tag for sense in senses if sense.kind == kind})
        yield f"{kind:<13} {counted:>5} with {names[kind]:>5} names"
    yield f"cues          {sum(len(meanings) for meanings in gazetteer.cues.senses):>5}"


def explain(gazetteer: Gazetteer, text: str, language: str | None) -> Iterator[str]:
    """The tags of a text with the words that made them, and the names that did not count, with the reason."""
    notes: list[str] = []
    item = Tagger(gazetteer).tag(_item(text, language), notes)
    yield f"language {item.language}, relevance {item.relevance} ({'' if item.relevant else 'not '}relevant)"
    for evidence in sorted(item.evidence, key=lambda evidence: evidence.start):
        yield f"{evidence.start:>6}  {evidence.surface!r} gives {evidence.tag}{_said(item, evidence.tag)}"
    yield from notes


def _said(item: EnrichedItem, tag: str) -> str:
    kind, _, place = tag.partition(":")
    if kind == "figure":
        figure = item.figures[int(place)]
        about = "about " if figure.approximate else ""
        return (
            f": {about}{figure.value:g} {figure.unit} {figure.kind}{f' ({figure.country})' if figure.country else ''}"
        )
    if kind == "event":
        event = item.events[int(place)]
        return f": {event.type} {' '.join(event.countries)}"
    if kind == "quote":
        return f": said by {item.quotes[int(place)].speaker or 'nobody named'}"
    return ""


def _item(text: str, language: str | None) -> RawItem:
    return RawItem(
        item_id=item_id(None, "explain", text),
        revision=1,
        feed_id="explain",
        feed_title="",
        url=None,
        canonical_url=None,
        entry_id=None,
        title="",
        summary="",
        text=text,
        text_source="feed",
        text_truncated=False,
        authors=[],
        image_url=None,
        feed_language=language,
        outlet_country=None,
        published_at=None,
        published_raw=None,
        fetched_at=datetime.now(UTC),
        origin="live",
        content_hash=content_hash("", "", text, None),
        trace_id=digest("explain"),
    )
