"""Where a test makes this process die: between the write of a batch and its alerts, or in the middle of a reindex.

NEWS_FAULT_FILE names a file. When it exists and says `index:written` at that point, or another of those below, it is
removed and the process ends itself with SIGKILL, once. Not a setting: it is read here only, and unset it does nothing.
"""

import os
import signal
from pathlib import Path

WRITTEN = "index:written"
COPIED = "reindex:copied"  # a page
BARRED = "reindex:barred"  # writers wait


def reached(point: str) -> None:
    """Die here if a test asked for it."""
    named = os.environ.get("NEWS_FAULT_FILE")
    if not named:
        return
    file = Path(named)
    try:
        asked = file.read_text().strip() == point
    except FileNotFoundError:
        return
    if asked:
        file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
