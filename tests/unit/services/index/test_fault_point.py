"""The fault point kills once, where it was asked to, and does nothing otherwise."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REACH = "from services.index import fault_point; fault_point.reached(fault_point.WRITTEN); print('alive')"


def reach(file: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "NEWS_FAULT_FILE"}
    if file:
        environment["NEWS_FAULT_FILE"] = str(file)
    return subprocess.run([sys.executable, "-c", REACH], env=environment, capture_output=True, text=True, timeout=30)


def test_the_process_dies_once(tmp_path: Path) -> None:
    file = tmp_path / "fault"
    file.write_text("index:written\n")
    assert reach(file).returncode == -signal.SIGKILL
    assert not file.exists()
    assert reach(file).stdout == "alive\n"


@pytest.mark.parametrize("text", ["", "deliver:posted"])
def test_another_point_is_passed(tmp_path: Path, text: str) -> None:
    file = tmp_path / "fault"
    file.write_text(text)
    assert reach(file).stdout == "alive\n"
    assert file.exists()


def test_without_the_variable_nothing_happens() -> None:
    assert reach(None).stdout == "alive\n"
