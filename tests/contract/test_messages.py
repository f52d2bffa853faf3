"""Examples, types and JSON Schemas say the same, and what they said on main still decodes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from schemas import codec, topics
from schemas.__main__ import FOLDER, schema_of
from schemas.errors import Invalid
from schemas.messages import MESSAGES
from tests.contract.compatibility import incompatibilities

ROOT = Path(__file__).parents[2]
NAMES = sorted(MESSAGES)


def example(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "schemas/examples" / f"{name}.json").read_bytes())
    return loaded


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        json.loads((FOLDER / f"{name}.schema.json").read_bytes()), format_checker=FormatChecker()
    )


@pytest.mark.parametrize("name", NAMES)
def test_committed_schema_is_the_one_the_types_generate(name: str) -> None:
    assert (FOLDER / f"{name}.schema.json").read_bytes() == schema_of(name), "run: python -m schemas write"


@pytest.mark.parametrize("name", NAMES)
def test_schema_itself_is_valid_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(schema_of(name)))


@pytest.mark.parametrize("name", NAMES)
def test_example_validates_and_survives_the_round_trip(name: str) -> None:
    validator(name).validate(example(name))
    decoded = codec.decode(json.dumps(example(name)).encode(), MESSAGES[name])
    again = json.loads(codec.encode(decoded))
    validator(name).validate(again)
    assert again == example(name)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_are_ignored_so_that_fields_can_be_added(name: str) -> None:
    newer = example(name) | {"added_next_year": 1}
    validator(name).validate(newer)
    assert codec.decode(json.dumps(newer).encode(), MESSAGES[name]) == codec.from_builtins(
        example(name), MESSAGES[name]
    )


@pytest.mark.parametrize("name", NAMES)
def test_types_and_schema_agree_on_what_is_missing(name: str) -> None:
    """Each required field removed is refused by both; each optional one is accepted by both."""
    required = set(schema_definition(name)["required"])
    for field in example(name):
        without = {key: value for key, value in example(name).items() if key != field}
        if field in required:
            with pytest.raises(ValidationError):
                validator(name).validate(without)
            with pytest.raises(Invalid):
                codec.from_builtins(without, MESSAGES[name])
        else:
            validator(name).validate(without)
            codec.from_builtins(without, MESSAGES[name])


@pytest.mark.parametrize("name", NAMES)
def test_types_and_schema_agree_on_wrong_types(name: str) -> None:
    for field in example(name):
        wrong = example(name) | {
            field: {"not": ["of", "this", "type"]} if field not in ("headers", "links", "seen") else 1
        }
        if field in ("item", "redirect", "asked", "feed"):
            wrong[field] = 1
        with pytest.raises(ValidationError):
            validator(name).validate(wrong)
        with pytest.raises(Invalid):
            codec.from_builtins(wrong, MESSAGES[name])


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_compatible_with_every_version_on_main(name: str) -> None:
    """A consumer built from any version that was on main can read what is written now, and the other way round."""
    for commit, old in committed_versions(name):
        problems = incompatibilities(old, json.loads(schema_of(name)))
        assert not problems, f"{name} is incompatible with {commit[:10]}: {problems}"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda s: s["properties"].pop("title"), "title: removed"),
        (
            lambda s: s["required"].append("image_url_2") or s["properties"].update(image_url_2={"type": "string"}),
            "image_url_2",
        ),
        (lambda s: s["properties"].update(title={"type": "integer"}), "title: type"),
        (lambda s: s["properties"]["origin"]["enum"].remove("live"), "origin: value 'live' removed"),
        (lambda s: s["required"].remove("title"), "title: no longer required"),
    ],
)
def test_incompatible_changes_are_found(change: Any, problem: str) -> None:
    old, new = (json.loads(schema_of("raw_item")) for _ in range(2))
    change(new["$defs"]["RawItem"])
    assert any(found.startswith(problem) for found in incompatibilities(old, new))


def schema_definition(name: str) -> dict[str, Any]:
    schema = json.loads(schema_of(name))
    definition: dict[str, Any] = schema["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return definition


def committed_versions(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    path = f"schemas/json/{name}.schema.json"
    log = git("log", "--format=%H", "HEAD", "--", path)
    for commit in log.split():
        yield commit, json.loads(git("show", f"{commit}:{path}"))


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_topics_name_known_schemas_and_fit_into_dead_letters() -> None:
    described = topics.load()
    assert {schema for topic in described.values() for schema in topic.schema} == set(MESSAGES)
    largest = max(topic.max_message_bytes for name, topic in described.items() if name != topics.DEAD)
    assert described[topics.DEAD].max_message_bytes >= largest * 4 / 3 + 100_000


def test_feeds_and_their_state_are_partitioned_alike() -> None:
    described = topics.load()
    assert described[topics.FEEDS].partitions == described[topics.FEED_STATE].partitions
    assert described[topics.FEEDS].cleanup == described[topics.FEED_STATE].cleanup == "compact"


def test_a_misspelt_topic_setting_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="partition_count"):
        msgspec.yaml.decode(b"news.raw: {partition_count: 3}", type=dict[str, topics.Topic])
