"""The committed AsyncAPI and OpenAPI documents are those of the code, and are sound.

AsyncAPI's own JSON Schema comes in no package that we install, so its rules that matter here are tests of ours.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from schemas import asyncapi, topics
from schemas.__main__ import main
from services.index.api import openapi
from services.index.api.app import routed
from tests.conftest import ROOT

ASYNCAPI: dict[str, Any] = yaml.safe_load(asyncapi.text())
OPENAPI: dict[str, Any] = json.loads(openapi.document())


def every(document: Any, key: str) -> Iterator[Any]:
    """Every value under this key, at any depth."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key:
                yield value
            yield from every(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from every(value, key)


def followed(document: Any, reference: str) -> Any:
    """What a reference inside the document means. Raises KeyError."""
    assert reference.startswith("#/")
    for step in reference[2:].split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def test_the_committed_asyncapi_document_is_generated_from_topics_and_types() -> None:
    assert (ROOT / "schemas/asyncapi.yaml").read_bytes() == asyncapi.text(), "run: python -m schemas write"


def test_the_committed_openapi_document_is_the_running_apps() -> None:
    committed = (ROOT / "schemas/openapi.json").read_text()
    assert committed == openapi.document(), "run: python -m services.index openapi > schemas/openapi.json"


@pytest.mark.parametrize("document", [ASYNCAPI, OPENAPI], ids=["asyncapi", "openapi"])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = [reference for reference in every(document, "$ref") if isinstance(reference, str)]
    assert references
    for reference in references:
        followed(document, reference)


def test_asyncapi_has_every_topic_with_the_settings_that_set_up_gives_it() -> None:
    described = topics.load()
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert ASYNCAPI["channels"].keys() == described.keys()
    for name, channel in ASYNCAPI["channels"].items():
        binding = channel["bindings"]["kafka"]
        found = {
            key: ",".join(value) if isinstance(value, list) else str(value)
            for key, value in binding["topicConfiguration"].items()
        }
        assert (channel["address"], binding["topic"], binding["partitions"]) == (name, name, described[name].partitions)
        assert found == described[name].config()
        assert list(channel["messages"]) == described[name].schema


def test_asyncapi_has_an_operation_for_each_service_at_a_topic() -> None:
    ends = {(name, "send", who) for name, topic in topics.load().items() for who in topic.producers} | {
        (name, "receive", who) for name, topic in topics.load().items() for who in topic.consumers
    }
    found = [
        (one["channel"]["$ref"].removeprefix("#/channels/"), one["action"], one["tags"][0]["name"])
        for one in ASYNCAPI["operations"].values()
    ]
    assert sorted(found) == sorted(ends)
    assert all(re.fullmatch(r"[\w.-]+", name) for name in ASYNCAPI["operations"])
    for one in ASYNCAPI["operations"].values():
        assert all(message["$ref"].startswith(one["channel"]["$ref"] + "/") for message in one["messages"])


@pytest.mark.parametrize("name", sorted(ASYNCAPI["components"]["schemas"]))
def test_an_asyncapi_schema_means_the_same_in_draft_07(name: str) -> None:
    """An AsyncAPI schema is a superset of draft 07: what only later drafts have would be passed over silently."""
    schema = ASYNCAPI["components"]["schemas"][name]
    Draft7Validator.check_schema(schema)
    later = ("prefixItems", "$defs", "$dynamicRef", "unevaluatedProperties", "dependentRequired", "minContains")
    assert not [key for key in later if list(every(schema, key))]


def test_asyncapis_examples_are_valid_under_its_schemas() -> None:
    checked = 0
    for channel in ASYNCAPI["channels"].values():
        for message in channel["messages"].values():
            schema = {"$ref": message["payload"]["$ref"], "components": ASYNCAPI["components"]}
            for example in message["examples"]:
                Draft7Validator(schema, format_checker=FormatChecker()).validate(example["payload"])
                checked += 1
    assert checked >= len(topics.load())


def test_openapi_names_every_route_and_each_operation_once() -> None:
    assert OPENAPI["openapi"].startswith("3.1")
    operations = list(every(OPENAPI["paths"], "operationId"))
    assert len(operations) == len(set(operations)) > 20
    assert all(operation for operation in every(OPENAPI["paths"], "summary"))
    for schema in OPENAPI["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert routed().openapi() == OPENAPI


@pytest.mark.parametrize("name", ["asyncapi.yaml", "raw_item.schema.json"])
def test_check_names_a_generated_file_that_differs(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == 0
    monkeypatch.setattr("schemas.__main__.generated", lambda: {ROOT / "schemas" / name: b"other"})
    assert main(["check"]) == 1
    assert name in capsys.readouterr().out
