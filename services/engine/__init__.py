"""The search engine, as the services use it."""

from services.engine.client import Engine, Snapshot, connect
from services.engine.operations import BulkResult, Create, Operation, Put, Remove, Replace, Stored

__all__ = ["BulkResult", "Create", "Engine", "Operation", "Put", "Remove", "Replace", "Snapshot", "Stored", "connect"]
