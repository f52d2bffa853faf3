"""The generated file, by command."""

from pathlib import Path

import pytest

from deploy.kibana import __main__ as command


def test_write_makes_the_file_that_check_expects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "FILE", tmp_path / "objects.ndjson")
    assert command.main(["check"]) == 1
    assert capsys.readouterr().err == "objects.ndjson differs from the code: run `python -m deploy.kibana write`\n"
    assert command.main(["write"]) == 0
    assert command.main(["check"]) == 0
    (tmp_path / "objects.ndjson").write_text("{}\n")
    assert command.main(["check"]) == 1


def test_help_shows_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        command.main(["--help"])
    assert "python -m deploy.kibana import --space haiti" in capsys.readouterr().out
