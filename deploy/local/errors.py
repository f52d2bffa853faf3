"""The one error of the local stack."""


class LocalStackError(Exception):
    """The local stack cannot do what was asked; the message says what was wrong, where, and what to do about it."""
