"""Command line of the index service."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

EXAMPLES = """examples:
  python -m services.index setup             create topics, index templates, indices, aliases and roles
  python -m services.index setup --dry-run   say what set-up would do
  python -m services.index run               write enriched items, match saved searches, send alerts
  python -m services.index deliver           call the webhooks
  python -m services.index api               serve the HTTP API and the page
  python -m services.index export "kenya since:7d" > items.csv
                                             write the items of a search as CSV or NDJSON
  python -m services.index corrections export > corrected.yaml
                                             write what people corrected as labelled items
  python -m services.index dead list         what no stage could process, counted by cause; replay it after the fix
  python -m services.index figures           make news-figures again from the items
  python -m services.index deliveries list --state failed
                                             what was sent to whom; show one, or make some again
  python -m services.index listen            a receiver of webhooks to try things out: verifies and prints
  python -m services.index takedown URL      remove an item's content for good
  python -m services.index reindex           move items and searches to this version's mapping, while all goes on
  python -m services.index retain --dry-run  count what is older than the settings keep
  python -m services.index openapi           print the API's OpenAPI document
  python -m services.index key --api         print a new API key
  python -m services.index engine-keys >> .env
                                             make a key of the search engine for each service
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    chosen = parser().parse_args(arguments)
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
        case "corrections":
            from services.index import corrections_command

            return corrections_command.main(chosen.since)
        case "deliveries":
            from services.index import deliveries_command

            return deliveries_command.main(chosen)
        case "listen":
            from services.index.deliver import listen

            return listen.main(chosen.port, chosen.secret, whole=chosen.whole)
        case "dead":
            from services.index.dead import command

            return command.main(chosen)
        case "figures":
            from services.index import figures

            return asyncio.run(figures.run())
        case "takedown":
            from services.index import takedown

            return takedown.main(chosen.names, chosen.reason)
        case "reindex":
            from services.index import reindex

            return reindex.main(chosen.names, dry_run=chosen.dry_run, drop=chosen.drop_old)
        case "retain":
            from services.index import retain

            return retain.main(dry_run=chosen.dry_run)
        case "openapi":
            from services.index.api import openapi

            return openapi.main()
        case "key":
            from services.index import key

            print(key.api_key() if chosen.api else key.encryption_key())
            return 0
        case "engine-keys":
            from services.index import roles_setup

            return asyncio.run(roles_setup.print_keys())
    raise AssertionError(chosen.command)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.index",
        description="Index news items, match saved searches, deliver alerts. Settings: environment, NEWS_*.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    setup = commands.add_parser(
        "setup",
        help="create topics, index templates, indices, aliases and roles; report what differs (exit status 3)",
        description="Create what is missing. A second run changes nothing. What differs is reported, exit status 3.",
    )
    setup.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    setup.add_argument(
        "--update", action="store_true", help="also change what differs, where that is possible in place"
    )
    commands.add_parser("run", help="write enriched items, match saved searches, send alerts")
    commands.add_parser("deliver", help="call the webhooks of alerts")
    commands.add_parser("api", help="serve the HTTP API and the page")
    commands.add_parser("openapi", help="print the API's OpenAPI document, as schemas/openapi.json has it")
    commands.add_parser(
        "figures",
        help="make news-figures again from the items",
        description="Write the figures of every relevant item: after news-figures came to an archive that was older. "
        "May be run at any time, and again. Exit status 1: the engine failed; run it again.",
    )
    _add_export(commands)
    _add_corrections(commands)
    _add_deliveries(commands)
    _add_dead(commands)
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
    _add_reindex(commands)
    retain = commands.add_parser(
        "retain",
        help="delete what is older than the settings keep",
        description="Deletes items (NEWS_RETAIN_ITEMS_DAYS), settled deliveries (NEWS_RETAIN_DELIVERIES_DAYS) and "
        "claims of stories that no item can meet any more. Tombstones and corrected items stay. Run it daily.",
    )
    retain.add_argument("--dry-run", action="store_true", help="delete nothing, count")
    key = commands.add_parser("key", help="print a new key")
    kinds = key.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--api", action="store_true", help="for NEWS_API_KEYS")
    kinds.add_argument("--encryption", action="store_true", help="for NEWS_ENCRYPTION_KEYS: a Fernet key")
    commands.add_parser(
        "engine-keys",
        help="make an API key of the search engine for each service, with least privilege",
        description="Print a key for each service as lines of .env, where Elasticsearch has security. Asks for a user "
        "with manage_api_key, such as elastic. Exit status 1: no keys were made, stderr says why.",
    )
    return parser


def _add_dead(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from services.index.dead import arguments

    arguments.add(commands)


def _add_reindex(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from services.index.indices import MOVED

    reindex = commands.add_parser(
        "reindex",
        help="move indices to this version's mapping, while writers and readers go on",
        description="Copies into a new index, follows what is written meanwhile, and switches the aliases in one step.",
        epilog="""examples:
  python -m services.index reindex --dry-run    what would be moved where, and which saved searches would fail
  python -m services.index reindex              items and saved searches; run it again to go on after a stop
  python -m services.index reindex --drop-old   delete the old indices, once you are content

docs/reindex.md says why nothing is lost. Exit status 1: nothing is switched; the reason is on stderr.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    reindex.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"default news and news-searches, which go together; one of {', '.join(MOVED)}",
    )
    reindex.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    reindex.add_argument(
        "--drop-old", action="store_true", help="only delete what moves have left, also one that was not finished"
    )


def _add_deliveries(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from services.index import deliveries_command
    from services.index.deliver import listen

    deliveries_command.add(commands)
    listen.add(commands)


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


def _add_corrections(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from services.index.export_command import moment

    corrections = commands.add_parser("corrections", help="what people corrected, as labelled items for the gold tests")
    actions = corrections.add_subparsers(dest="action", required=True, metavar="ACTION")
    export = actions.add_parser(
        "export",
        help="write the corrected items to stdout in the form of tests/gold/*.yaml",
        description="Write each corrected item with its text and labels to stdout, counting on stderr. What a person "
        "said is a label; what only the tagger said is optional: neither right nor wrong.",
        epilog="""examples:
  python -m services.index corrections export > corrected.yaml
  python -m services.index corrections export --since 2026-01-31 > corrected.yaml
  python -m tests.gold corrected.yaml        what the tagger would still get wrong of it

docs/corrections.md describes the labels. The file has the articles' texts: it is for you, not to be published.
Exit status 1: the file is incomplete.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument("--since", type=moment, metavar="TIME", help="corrected from then on: 2026-01-31")


if __name__ == "__main__":
    sys.exit(main())
