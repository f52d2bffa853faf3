"""Score the tagger against labelled items.

examples:
  python -m tests.gold                       every file by itself; misses of the kept-aside ones are not shown
  python -m tests.gold tests/gold/open.yaml  one file
  python -m tests.gold --show-kept-aside     theirs too: not while anybody tunes the tagger, or it measures nothing
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.gold.score import FILES, KEPT_ASIDE, Result, scores


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.gold", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--show-kept-aside", action="store_true", help="print misses of kept-aside files as well")
    options = parser.parse_args(arguments)
    for path in options.files or FILES:
        show(path, scores([path]), path.resolve() not in KEPT_ASIDE or options.show_kept_aside)
    return 0


def show(path: Path, result: Result, with_misses: bool) -> None:
    """Print one file's misses and its table."""
    for miss in result.misses if with_misses else ():
        print(miss)
    print(f"\n{path.name}: {result.items} items, {result.negatives} of them not relevant")
    print(f"{'class':<14} {'precision':>9} {'recall':>7} {'F1':>6}   right  wrong  missed")
    for name, count in result.classes.items():
        print(
            f"{name:<14} {count.precision:>9.3f} {count.recall:>7.3f} {count.f1:>6.3f}"
            f"  {count.right:>6} {count.wrong:>6} {count.missed:>7}"
        )
    print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
