"""The arguments of `import`, apart from what it does: `--help` need not load that."""

import argparse

EXAMPLES = """examples:
  python -m services.ingest import archive.ndjson --dry-run        what is in it, what is wrong with it
  python -m services.ingest import archive.csv --feed "Le Nouvelliste 2023" --language fr --country HT
  python -m services.ingest import stories.csv --pages              records without a text get that of their page
  python -m services.ingest import addresses.txt --rate 2           a list of addresses, a line each

Interrupted (Ctrl-C, or the broker went away)? The same command goes on where it was. Importing twice does no harm.
Exit status: 0 all imported, 1 the broker is away, 2 the file or the arguments, 3 some lines are bad, 130 interrupted.
docs/import.md has the columns and more.
"""
DESCRIPTION = """Import old articles. They fill the archive and alert nobody.

FILE is one of
  .ndjson .jsonl   a JSON object a line
  .csv .tsv        with a header; comma, semicolon or tab
  .txt .urls       an address a line, whose pages are fetched
Columns or keys: url, title, text, summary, published_at, language, country, outlet, authors, image_url, entry_id."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = DESCRIPTION
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--format", choices=("ndjson", "csv", "urls"), help="default: by the name's ending")
    parser.add_argument("--feed", metavar="NAME", help="whose items they become; default the file's name")
    parser.add_argument("--language", help="of records that do not say, ISO 639, for instance fr")
    parser.add_argument("--country", help="of the outlet of records that do not say, ISO 3166-1 alpha-2")
    parser.add_argument("--pages", action="store_true", help="fetch the pages of records without a text")
    parser.add_argument("--rate", type=_rate, default=200.0, metavar="N", help="items a second at most; default 200")
    parser.add_argument("--dry-run", action="store_true", help="only read the file and say what it holds")
    parser.add_argument("--from-start", action="store_true", help="also what an interrupted import has done already")


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise ValueError(text)
    return rate
