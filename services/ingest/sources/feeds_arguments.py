"""`feeds ACTION`: its arguments, and what is run for each."""

import argparse
from collections.abc import Coroutine
from typing import Any

FILE_HELP = "OPML, or a YAML list `feeds: [{url: ..., title: ..., language: fr, country: HT, tags: [...]}]`"
FEED_HELP = "address or id"
EXAMPLES = """examples:
  feeds add https://example.org/rss --language fr --country HT --tag haitian
  feeds add https://example.org/rss --http1 --header 'Accept-Language: fr'    changes that, keeps the rest
  feeds add https://example.org/rss --basic                                  asks for user:password
  pass show example.org | python -m services.ingest feeds add https://example.org/rss --basic
  feeds discover https://example.org --add
  feeds check                                                                every feed, and what would help
  feeds check --file deploy/feeds/mss.opml                                   a list, before it is imported
  feeds export feeds.opml
exit status: 0; 1: something failed, or `check` found trouble; 2: the arguments or the file are wrong
"""


def add_to(commands: Any) -> None:
    """Add `feeds` and its actions to the command line."""
    feeds = commands.add_parser(
        "feeds",
        help="what is polled: add, pause, resume, remove, list, import, export, discover, check",
        description="Changes take effect at once, without a restart.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = feeds.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the feeds, a line each")
    listing.add_argument("--json", action="store_true", help="all that is said of each, as JSON lines")
    _add(actions)
    for action, words in (
        ("pause", "poll feeds no more until they are resumed"),
        ("resume", "poll paused feeds again"),
        ("remove", "remove feeds; their items stay"),
    ):
        named = actions.add_parser(action, help=words)
        named.add_argument("feeds", nargs="+", metavar="FEED", help=FEED_HELP)
    importing = actions.add_parser("import", help="add or update the feeds of a file; what it does not name stays")
    importing.add_argument("file", metavar="FILE", help=FILE_HELP)
    export = actions.add_parser("export", help="write the feeds as OPML, without credentials")
    export.add_argument("file", metavar="FILE", nargs="?", default="-", help="default: stdout")
    discover = actions.add_parser("discover", help="find the feeds of a site, each tried")
    discover.add_argument("page", metavar="URL", help="of the site's home page, or a page of it")
    discover.add_argument("--add", action="store_true", help="add those that were found")
    check = actions.add_parser("check", help="try feeds, and say in words what would help")
    check.add_argument("feeds", nargs="*", metavar="FEED", help=f"{FEED_HELP}; default: all that are polled")
    check.add_argument("--file", metavar="FILE", help="the feeds of this file instead; no Kafka needed")


def _add(actions: Any) -> None:
    add = actions.add_parser(
        "add",
        help="add a feed, or change the one with this address or id",
        description="What is not named stays as it is. An empty value ('', 0) takes an option back.",
    )
    add.add_argument("feed", metavar="URL", help="of the feed; of one that is there already, its id will do")
    add.add_argument("--title", help="default: what the feed calls itself")
    add.add_argument("--language", help="ISO 639-1, for instance fr")
    add.add_argument("--country", help="of the outlet, ISO 3166-1 alpha-2, for instance HT")
    add.add_argument("--tag", action="append", help="may be given several times; replaces the tags that are there")
    add.add_argument("--home-page", metavar="URL")
    add.add_argument("--interval", type=int, metavar="SECONDS", help="between polls; default: by how busy it is")
    add.add_argument("--page-text", action=argparse.BooleanOptionalAction, help="take articles' text from their pages")
    add.add_argument("--user-agent", metavar="TEXT", help="instead of NEWS_USER_AGENT; say who you are")
    add.add_argument(
        "--header", action="append", metavar="'NAME: VALUE'", help="sent to the feed's own host; not for secrets"
    )
    add.add_argument("--http1", action=argparse.BooleanOptionalAction, help="never HTTP/2")
    add.add_argument("--proxy", metavar="URL", help="http://host:port, which NEWS_ALLOWED_HOSTS has to name")
    login = add.add_mutually_exclusive_group()
    login.add_argument("--basic", action="store_true", help="ask for user:password, or read it from a pipe; encrypted")
    login.add_argument("--cookie", action="store_true", help="ask for a cookie, or read it from a pipe; encrypted")
    login.add_argument("--no-credentials", action="store_true", help="forget them")


def run(chosen: argparse.Namespace) -> Coroutine[Any, Any, int]:
    """The work of the action that was chosen; its result is the exit status."""
    from services.ingest.sources import check_feeds, discover_feeds, feeds_commands

    match chosen.action:
        case "list":
            return feeds_commands.list_feeds(chosen.json)
        case "add":
            return feeds_commands.add_feed(chosen)
        case "pause" | "resume":
            return feeds_commands.pause_feeds(chosen.feeds, chosen.action == "pause")
        case "remove":
            return feeds_commands.remove_feeds(chosen.feeds)
        case "import":
            return feeds_commands.import_feeds(chosen.file)
        case "export":
            return feeds_commands.export_feeds(chosen.file)
        case "discover":
            return discover_feeds.discover_feeds(chosen.page, chosen.add)
        case "check":
            return check_feeds.check_feeds(chosen.feeds, chosen.file)
    raise AssertionError(chosen)
