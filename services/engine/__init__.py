"""The search engine, as the services use it."""

from services.engine.client import Engine, Snapshot, connect
from services.engine.operations import BulkResult, Copy, Create, Operation, Put, Remove, Replace, Stored

__all__ = [
    "BulkResult",
    "Copy",
    "Create",
    "Engine",
    "Operation",
    "Put",
    "Remove",
    "Replace",
    "Snapshot",
    "Stored",
    "connect",
]
