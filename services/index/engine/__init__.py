"""The search engine, as the rest of this service uses it."""

from services.index.engine.client import Engine, connect
from services.index.engine.operations import BulkResult, Create, Operation, Put, Replace, Stored

__all__ = ["BulkResult", "Create", "Engine", "Operation", "Put", "Replace", "Stored", "connect"]
