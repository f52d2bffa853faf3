"""The command line explains itself and makes keys that work."""

import pytest
from cryptography.fernet import Fernet

from services.index.__main__ import main


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "python -m services.index setup --dry-run" in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sing"])
    assert ended.value.code == 2
    assert "sing" in capsys.readouterr().err


def test_a_new_encryption_key_encrypts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "--encryption"]) == 0
    assert Fernet(capsys.readouterr().out.strip()).encrypt(b"x")


def test_api_keys_are_long_and_never_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert [main(["key", "--api"]) for _ in range(2)] == [0, 0]
    first, second = capsys.readouterr().out.split()
    assert first != second
    assert len(first) >= 43
