"""How the stack reports progress: a function that takes one line."""

from collections.abc import Callable

Say = Callable[[str], None]


def show(line: str) -> None:
    """Print a line in one write: the servers report from two threads, and print() writes the line's end separately."""
    print(line + "\n", end="", flush=True)
