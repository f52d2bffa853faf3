"""docker-compose.yml keeps to the compose specification and runs the processes that exist."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.index import roles_setup

ROOT = Path(__file__).parents[2]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_file_keeps_to_the_compose_specification() -> None:
    checked = validate(ROOT / "docker-compose.yml")
    assert checked.returncode == 0, checked.stdout


def test_a_file_that_does_not_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yml"
    wrong.write_text("services: {kafka: {imagine: apache/kafka}}\n")
    assert validate(wrong).returncode == 1


@pytest.mark.parametrize("service", ["ingest", "enrich", "index", "deliver", "api"])
def test_our_processes_can_be_scaled_and_have_no_privileges(service: str) -> None:
    described = compose()["services"][service]
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert "container_name" not in described


def test_each_service_has_a_key_of_its_own_and_ingest_none() -> None:
    keys = {
        name: service["environment"]["NEWS_ELASTICSEARCH_API_KEY"]
        for name, service in compose()["services"].items()
        if "NEWS_ELASTICSEARCH_API_KEY" in service.get("environment", {})
    }
    assert keys == {name: f"${{{name.upper()}_ENGINE_KEY:-}}" for name in roles_setup.SERVICES}
    assert not [name for name in compose()["services"]["ingest"]["environment"] if "ELASTICSEARCH" in name]


def test_every_variable_is_explained_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    named = set(re.findall(r"\$\{(\w+)", text))
    explained = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == explained
