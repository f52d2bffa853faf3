"""The command line."""

import pytest

from deploy.demo.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "environment", "complaint"),
    [
        (["--feeds", "missing.opml"], {}, "no such file: missing.opml"),
        ([], {"FEEDS": "missing.opml"}, "no such file: missing.opml"),
        ([], {"NEWS_DEMO_PORT": "http"}, "NEWS_DEMO_PORT must be a port"),
        ([], {"NEWS_DEMO_PORT": "80"}, "NEWS_DEMO_PORT must be a port"),
        ([], {"NEWS_API_PORT": "70000"}, "NEWS_API_PORT must be a port"),
        (["--seconds", "1", "--until-webhook"], {}, "not allowed with argument"),
        (["--seconds", "soon"], {}, "invalid float value"),
    ],
)
def test_wrong_usage_is_named_and_ends_with_status_2(
    arguments: list[str],
    environment: dict[str, str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("FEEDS", "NEWS_DEMO_PORT", "NEWS_API_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_help_has_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert "exit codes:" in shown
