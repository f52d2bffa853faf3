"""Command line of the index service."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

EXAMPLES = """examples:
  python -m services.index setup             create topics, index templates, indices and aliases
  python -m services.index setup --dry-run   say what set-up would do
  python -m services.index run               write enriched items, match saved searches, send alerts
  python -m services.index deliver           call the webhooks
  python -m services.index api               serve the HTTP API and the page
  python -m services.index export "kenya since:7d" > items.csv
                                             write the items of a search as CSV or NDJSON
  python -m services.index figures           make news-figures again from the items
  python -m services.index takedown URL      remove an item's content for good
  python -m services.index key --api         print a new API key
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    chosen = _parser().parse_args(arguments)
    match chosen.command:
        case "setup":
            from services.index import setup

            return asyncio.run(setup.set_up(dry_run=chosen.dry_run, update=chosen.update))
        case "run":
            from services.index import run

            return run.main()
        case "deliver":
            from services.index.deliver import run as deliver

            return deliver.main()
        case "api":
            from services.index.api import app

            return app.main()
        case "export":
            from services.index import export_command

            return export_command.main(chosen.query, chosen.format, chosen.since, chosen.until)
        case "figures":
            from services.index import figures

            return asyncio.run(figures.run())
        case "takedown":
            from services.index import takedown

            return takedown.main(chosen.names, chosen.reason)
        case "key":
            from services.index import key

            print(key.api_key() if chosen.api else key.encryption_key())
            return 0
    raise AssertionError(chosen.command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.index",
        description="Index news items, match saved searches, deliver alerts. Settings: environment, NEWS_*.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    setup = commands.add_parser(
        "setup",
        help="create topics, index templates, indices and aliases; report what differs (exit status 3)",
        description="Create what is missing. A second run changes nothing. What differs is reported, exit status 3.",
    )
    setup.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    setup.add_argument(
        "--update", action="store_true", help="also change what differs, where that is possible in place"
    )
    commands.add_parser("run", help="write enriched items, match saved searches, send alerts")
    commands.add_parser("deliver", help="call the webhooks of alerts")
    commands.add_parser("api", help="serve the HTTP API and the page")
    commands.add_parser(
        "figures",
        help="make news-figures again from the items",
        description="Write the figures of every relevant item: after news-figures came to an archive that was older. "
        "May be run at any time, and again. Exit status 1: the engine failed; run it again.",
    )
    _add_export(commands)
    takedown = commands.add_parser(
        "takedown",
        help="remove an item's content for good, and keep it out",
        description="Leaves a tombstone under the item's id that nothing undoes; also for an item that never came.",
        epilog="""examples:
  python -m services.index takedown https://news.example/2026/an-article --reason "court order 12/26"
  python -m services.index takedown 17e4aba1e2289ecc7e957d88466aabf6

docs/architecture.md says what is removed where, and what other places keep until when.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    takedown.add_argument(
        "names", nargs="+", metavar="ITEM_ID|URL", help="32 hexadecimal digits, or the article's address"
    )
    takedown.add_argument("--reason", metavar="TEXT", help="kept with the tombstone; up to 500 characters")
    key = commands.add_parser("key", help="print a new key")
    kinds = key.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--api", action="store_true", help="for NEWS_API_KEYS")
    kinds.add_argument("--encryption", action="store_true", help="for NEWS_ENCRYPTION_KEYS: a Fernet key")
    return parser


def _add_export(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from services.index.export_command import moment

    export = commands.add_parser(
        "export",
        help="write the items of a search to stdout as CSV or NDJSON",
        description="Write every item that a search finds to stdout, the newest first, counting on stderr.",
        epilog="""examples:
  python -m services.index export "kenya role:pledged" --since 2026-01-01 > items.csv
  python -m services.index export --format ndjson "relevant:yes" | gzip > items.ndjson.gz

docs/search.md describes the query and both forms. Exit status 1: the file is incomplete; 2: the query is wrong.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument("query", nargs="?", default="", help="as in the page; without one, every item")
    export.add_argument("--format", choices=("csv", "ndjson"), default="csv", help="default csv; ndjson: whole items")
    export.add_argument("--since", type=moment, metavar="TIME", help="items that happened from then on: 2026-01-31")
    export.add_argument("--until", type=moment, metavar="TIME", help="items that happened before then")


if __name__ == "__main__":
    sys.exit(main())
