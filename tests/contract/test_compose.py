"""docker-compose.yml keeps to the compose specification and runs the processes that exist."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def test_every_variable_is_explained_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    named = {part.split("}")[0].split(":")[0] for part in text.split("${")[1:]}
    explained = {line.split("=")[0] for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line}
    assert named == explained
