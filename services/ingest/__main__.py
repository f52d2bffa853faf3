"""Command line of the ingest service. Imports are made where they are used: `parse` starts fast and needs no Kafka."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from services.ingest.archive import import_arguments
from services.ingest.sources import feeds_arguments

EXAMPLES = """examples:
  python -m services.ingest run                               poll the feeds of news.feeds until SIGTERM
  python -m services.ingest run --feeds feeds.opml            add these feeds to news.feeds first
  python -m services.ingest poll https://example.org/rss      once, to news.raw
  python -m services.ingest parse saved.xml other.json        no Kafka: RawItem JSON lines on stdout
  python -m services.ingest check-url http://10.0.0.1/        would it be fetched, and why not
  python -m services.ingest feeds add https://example.org/rss --language fr --country HT
  python -m services.ingest feeds check                       try all feeds, and say what would help
  python -m services.ingest feeds --help                      more of that
  python -m services.ingest import archive.csv --dry-run      old articles: what is in the file; see import --help
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "parse":
        from services.ingest.formats import parse_files

        return parse_files.parse_files(chosen.files, chosen.url)
    if chosen.command == "check-url":
        from services.ingest.sources import check_urls

        return check_urls.main(chosen.urls, chosen.resolve)

    from schemas.errors import Transient

    try:
        return _run(chosen)
    except Transient as error:
        print(error, file=sys.stderr)
        return 1


def _run(chosen: argparse.Namespace) -> int:
    from services.ingest import commands
    from services.ingest.archive import import_command

    match chosen.command:
        case "run":
            return commands.run(chosen.feeds)
        case "poll":
            return asyncio.run(commands.poll_once(chosen.urls))
        case "import":
            return import_command.import_past(chosen)
        case "feeds":
            return asyncio.run(feeds_arguments.run(chosen))
    raise AssertionError(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.ingest",
        description="Poll feeds into Kafka. Settings: environment, NEWS_*.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="poll the feeds of news.feeds until SIGTERM")
    run.add_argument("--feeds", metavar="FILE", help=f"add or update these first: {feeds_arguments.FILE_HELP}")
    poll = commands.add_parser("poll", help="poll feeds once, to news.raw; alerts nobody")
    poll.add_argument("urls", nargs="+", metavar="URL")
    parse = commands.add_parser(
        "parse",
        help="print what feed documents hold, as RawItem JSON lines; no Kafka",
        description="RawItem JSON lines on stdout, a summary line a file on stderr. Exit status 3 if any was no feed.",
    )
    parse.add_argument("files", nargs="+", metavar="FILE", help="a saved feed; - is stdin")
    parse.add_argument("--url", help="where the documents come from, for relative links")
    import_arguments.add_to(commands.add_parser("import", help="import old articles from a file; alerts nobody"))
    check = commands.add_parser(
        "check-url",
        help="say whether the guard lets URLs be fetched, and why not; connects to nothing",
        description="Prints allowed or blocked with the reason, a line a URL. Exit status 1 when any is blocked.",
        epilog="""examples:
  python -m services.ingest check-url https://example.org/rss http://169.254.169.254/
  python -m services.ingest check-url --resolve https://example.org/rss     also ask DNS where the name leads
  NEWS_ALLOWED_HOSTS=127.0.0.1:8400 python -m services.ingest check-url http://127.0.0.1:8400/feed
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("urls", nargs="+", metavar="URL")
    check.add_argument("--resolve", action="store_true", help="look names up and check their addresses too")
    feeds_arguments.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
