"""The one error of the demo."""


class Failed(Exception):
    """The demo cannot go on; the message says why, where to look and what to do."""
