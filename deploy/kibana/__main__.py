"""Command line of Kibana's objects."""

import argparse
import re
import sys
from collections.abc import Sequence

from deploy.kibana import changes
from deploy.kibana.errors import KibanaError
from deploy.kibana.importing import import_objects
from deploy.kibana.objects import FILE, objects
from deploy.kibana.saved import lines
from deploy.kibana.server import Kibana
from services import settings

EXAMPLES = """examples:
  python -m deploy.kibana import                          into NEWS_KIBANA_URL, the default space
  python -m deploy.kibana import --space haiti --url https://kibana.example.org
  python -m deploy.kibana write                           generate objects.ndjson, to import it by hand
  python -m deploy.kibana check                           does the file say what the code says? (exit status 1: no)

docs/kibana.md says what is in them. Exit status 1: not done, the message says why; 2: the command line is wrong.
"""
SPACE = re.compile(r"[a-z0-9_-]+")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    chosen = _parser().parse_args(arguments)
    match chosen.command:
        case "write":
            FILE.write_bytes(lines(objects()))
            return 0
        case "check":
            return check()
        case "import":
            configured = settings.Kibana() if chosen.url is None else settings.Kibana(kibana_url=chosen.url)
            return import_into(configured, chosen.space)
    raise AssertionError(chosen.command)


def check() -> int:
    """Return 1 and say so where the generated file is not what the code generates."""
    if FILE.exists() and FILE.read_bytes() == lines(objects()):
        return 0
    sys.stderr.write(f"{FILE.name} differs from the code: run `python -m deploy.kibana write`\n")
    return 1


def import_into(configured: settings.Kibana, space: str) -> int:
    """Import what is missing or outdated, print a line for each object, and return the exit status."""
    try:
        with Kibana(configured, space) as kibana:
            kibana.check_space()
            taken = import_objects(kibana, objects(space), space)
    except KibanaError as error:
        sys.stderr.write(f"not imported: {error}\n")
        return 1
    for step in taken:
        sys.stdout.write(f"{told(step)}\n")
    written = sum(step.written is not None for step in taken)
    kept = sum(step.verdict.startswith("kept") for step in taken)
    sys.stdout.write(f"{written} written, {kept} changed by somebody and left as they are\n")
    return 0


def told(step: changes.Step) -> str:
    """Return what happened with one object, for the person who runs the import."""
    ours = step.ours
    title = ours["attributes"].get("name") or ours["attributes"]["title"]
    match step.verdict:
        case "kept":
            note = f"changed by somebody: left as it is, ours is beside it as {changes.beside(ours)['id']}"
        case "kept before":
            note = f"changed by somebody: left as it is, ours is beside it already as {changes.beside(ours)['id']}"
        case verdict:
            note = verdict
    return f"{ours['type']:<14}{title}: {note}"


def _space(name: str) -> str:
    if name == "default":
        return ""
    if not SPACE.fullmatch(name):
        raise argparse.ArgumentTypeError(
            f"{name!r} is no identifier of a space: lower case letters, digits, _ and - (see its settings in Kibana)"
        )
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.kibana",
        description="Data views, saved searches, a map and dashboards for Kibana: generate them, import them. "
        "Settings: environment, NEWS_KIBANA_*.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("write", help="generate objects.ndjson")
    commands.add_parser("check", help="tell whether objects.ndjson is what the code generates")
    importing = commands.add_parser(
        "import",
        help="import the objects into Kibana; what somebody changed is left as it is",
        description="Import what is missing or outdated. What somebody changed since is not overwritten: ours is "
        "installed beside it. May be run at any time, and again.",
    )
    importing.add_argument(
        "--space", type=_space, default="default", metavar="ID", help="the space's identifier; default: default"
    )
    importing.add_argument("--url", metavar="URL", help="Kibana, with its base path; without it, NEWS_KIBANA_URL")
    return parser


if __name__ == "__main__":
    sys.exit(main())
