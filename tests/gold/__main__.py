"""python -m tests.gold [FILE...]: score the tagger against labelled items; every miss is printed with its item."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.gold.score import HERE, scores


def main(arguments: Sequence[str]) -> int:
    result = scores([Path(argument) for argument in arguments] or [HERE / "items.yaml"])
    for miss in result.misses:
        print(miss)
    print(f"\n{result.items} items, {result.negatives} of them not relevant")
    print(f"{'class':<14} {'precision':>9} {'recall':>7} {'F1':>6}   right  wrong  missed")
    for name, count in result.classes.items():
        print(
            f"{name:<14} {count.precision:>9.3f} {count.recall:>7.3f} {count.f1:>6.3f}"
            f"  {count.right:>6} {count.wrong:>6} {count.missed:>7}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
