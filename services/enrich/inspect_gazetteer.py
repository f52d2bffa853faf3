"""The gazetteer's commands: check, stats, explain, bump, names."""

import argparse
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from schemas.identity import content_hash, digest, item_id
from schemas.messages import EnrichedItem, RawItem
from services.enrich.gazetteer import Gazetteer, load
from services.enrich.gazetteer_files import HERE, VERSION, GazetteerError, read
from services.enrich.tag import Tagger


def run(options: argparse.Namespace, folder: Path | None) -> int:
    """Carry out the command and return its exit code. Raises GazetteerError."""
    where = folder or HERE
    if options.action == "check":
        return check(where)
    if options.action == "stats":
        return stats(load(folder))
    if options.action == "bump":
        return bump(where)
    if options.action == "names":
        from services.enrich.country_names import generate

        print(generate(where / "country_names.yaml"))
        return 0
    text = sys.stdin.read() if options.text == "-" else options.text
    return explain(load(folder), text, options.language)


def check(folder: Path) -> int:
    """Read everything; say what is wrong. 1 also where the content changed and the serial did not."""
    files = read(folder)
    Gazetteer(files)
    if files.content != files.version.content:
        raise GazetteerError(
            f"{folder / VERSION}: the content is {files.content}, serial {files.version.serial} was for "
            f"{files.version.content}: run `python -m services.enrich gazetteer bump`"
        )
    print(f"{folder}: sound, version {files.version.serial}-{files.content}")
    return 0


def bump(folder: Path) -> int:
    """Raise the serial and record the content's hash; nothing where the content is the recorded one."""
    files = read(folder)
    path = folder / VERSION
    if files.content == files.version.content:
        print(f"{path}: nothing changed since serial {files.version.serial}")
        return 0
    written = re.sub(r"(?m)^serial: .*$", f"serial: {files.version.serial + 1}", path.read_text())
    path.write_text(re.sub(r"(?m)^content: .*$", f'content: "{files.content}"', written))
    print(f"{path}: serial {files.version.serial + 1}, content {files.content}")
    return 0


def stats(gazetteer: Gazetteer) -> int:
    """Entries and names, by kind."""
    entries = Counter(identity.split("/")[0] for identity in gazetteer.entries)
    names = Counter(sense.kind for senses in gazetteer.names.senses for sense in senses)
    print(f"version       {gazetteer.version}")
    print(f"missions      {', '.join(gazetteer.missions)}")
    print(f"hosts         {', '.join(sorted(gazetteer.hosts))}")
    for kind in sorted(set(entries) | set(names)):
        counted = entries[kind] or len({s.tag for senses in gazetteer.names.senses for s in senses if s.kind == kind})
        print(f"{kind:<13} {counted:>5} with {names[kind]:>5} names")
    print(f"cues          {sum(len(senses) for senses in gazetteer.cues.senses):>5}")
    return 0


def explain(gazetteer: Gazetteer, text: str, language: str | None) -> int:
    """Print the tags of a text with the words that made them, and the names that did not count, with the reason."""
    notes: list[str] = []
    item = Tagger(gazetteer).tag(_item(text, language), notes)
    print(f"language {item.language}, relevance {item.relevance} ({'' if item.relevant else 'not '}relevant)")
    for evidence in sorted(item.evidence, key=lambda evidence: evidence.start):
        print(f"{evidence.start:>6}  {evidence.surface!r} gives {evidence.tag}{_said(item, evidence.tag)}")
    for note in notes:
        print(note)
    return 0


def _said(item: EnrichedItem, tag: str) -> str:
    kind, _, place = tag.partition(":")
    if kind == "figure":
        figure = item.figures[int(place)]
        about = "about " if figure.approximate else ""
        return f": {about}{figure.value:g} {figure.unit} {figure.kind}{f' ({figure.country})' if figure.country else ''}"
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
