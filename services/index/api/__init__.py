"""The HTTP API and its page: `python -m services.index api`."""

from services.index.api.app import main

__all__ = ["main"]
