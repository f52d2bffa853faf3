"""Errors of this project, by what is to be done about them.

NewsError
├── Invalid      the message can never be processed: dead letter, go on
└── Transient    the world is not ready: back off, retry, never commit
(anything else is a bug: see docs/architecture.md)
"""


class NewsError(Exception):
    """Base of the errors that have a verdict."""


class Invalid(NewsError):
    """The message can never be processed. `reason` is a short slug for counting; the text says what was wrong."""

    def __init__(self, error: str, *, reason: str = "invalid") -> None:
        super().__init__(error)
        self.reason = reason


class Transient(NewsError):
    """Something outside is not ready: timeout, 429, 5xx, broker or search engine away."""
