"""Importing Kibana's objects, over HTTP, into something that answers as Kibana does."""

import base64
import socket
from collections.abc import Iterator

import pytest

from deploy.kibana import __main__ as command
from deploy.kibana import objects as ours
from deploy.kibana.saved import Object
from tests.integration.fake_kibana import FakeKibana, serving

COVERAGE = "news-monitor-coverage"
ITEMS = "news-monitor-items"
RECORD = "news-monitor-import-record"


@pytest.fixture
def kibana(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKibana]:
    for name in ("API_KEY", "USERNAME", "PASSWORD", "CA_FILE"):
        monkeypatch.delenv(f"NEWS_KIBANA_{name}", raising=False)
    with serving() as fake:
        monkeypatch.setenv("NEWS_KIBANA_URL", fake.url)
        yield fake


def ours_changes(monkeypatch: pytest.MonkeyPatch, *ids: str) -> None:
    """A later version of ours says something else in these objects."""
    made = ours.objects

    def later(space: str = "") -> list[Object]:
        return [
            one | {"attributes": one["attributes"] | {"description": "Later."}} if one["id"] in ids else one
            for one in made(space)
        ]

    monkeypatch.setattr(command, "objects", later)


def test_the_first_import_installs_everything(kibana: FakeKibana, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["import"]) == 0
    assert kibana.objects().keys() == {one["id"] for one in ours.objects()} | {RECORD}
    assert [overwrite for _, overwrite, ids in kibana.imports if RECORD not in ids] == [False]
    said = capsys.readouterr().out
    assert "dashboard     News: coverage over time: new\n" in said
    assert said.endswith("18 written, 0 changed by somebody and left as they are\n")


def test_a_second_import_writes_nothing(kibana: FakeKibana, capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["import"])
    writes = kibana.writes
    assert command.main(["import"]) == 0
    assert kibana.writes == writes
    assert capsys.readouterr().out.endswith("0 written, 0 changed by somebody and left as they are\n")


def test_a_later_version_of_ours_replaces_what_nobody_changed(
    kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["import"])
    ours_changes(monkeypatch, COVERAGE)
    assert command.main(["import"]) == 0
    assert kibana.objects()[COVERAGE]["attributes"]["description"] == "Later."
    assert "News: coverage over time: updated\n" in capsys.readouterr().out
    assert command.main(["import"]) == 0
    assert "updated" not in capsys.readouterr().out


@pytest.mark.parametrize("later", [False, True])
def test_what_somebody_changed_is_left_and_ours_is_beside_it(
    later: bool, kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["import"])
    before = kibana.objects().keys()
    kibana.change(COVERAGE, title="My coverage")
    if later:
        ours_changes(monkeypatch, COVERAGE)
    capsys.readouterr()
    assert command.main(["import"]) == 0
    assert kibana.objects()[COVERAGE]["attributes"]["title"] == "My coverage"
    [beside] = kibana.objects().keys() - before
    assert kibana.objects()[beside]["attributes"]["title"] == "News: coverage over time (as shipped)"
    said = capsys.readouterr().out
    assert f"changed by somebody: left as it is, ours is beside it as {beside}\n" in said
    assert said.endswith("1 written, 1 changed by somebody and left as they are\n")
    writes = kibana.writes
    assert command.main(["import"]) == 0
    assert f"ours is beside it already as {beside}\n" in capsys.readouterr().out
    assert kibana.writes == writes


def test_what_somebody_deleted_is_installed_again(kibana: FakeKibana) -> None:
    command.main(["import"])
    del kibana.spaces["default"]["dashboard", COVERAGE]
    assert command.main(["import"]) == 0
    assert COVERAGE in kibana.objects()


def test_an_object_of_our_id_that_we_did_not_write_is_not_ours(kibana: FakeKibana) -> None:
    theirs = {"type": "dashboard", "id": COVERAGE, "attributes": {"title": "Theirs"}, "references": []}
    kibana.spaces["default"]["dashboard", COVERAGE] = theirs | {"updated_at": "2025-01-01T00:00:00.000Z"}
    assert command.main(["import"]) == 0
    assert kibana.objects()[COVERAGE]["attributes"] == {"title": "Theirs"}


def test_without_the_notes_nothing_is_overwritten(kibana: FakeKibana) -> None:
    command.main(["import"])
    del kibana.spaces["default"]["tag", RECORD]
    before = {object_id: one["updated_at"] for object_id, one in kibana.objects().items()}
    assert command.main(["import"]) == 0
    assert {object_id: kibana.objects()[object_id]["updated_at"] for object_id in before} == before


def test_a_space_has_objects_of_its_own(kibana: FakeKibana, capsys: pytest.CaptureFixture[str]) -> None:
    kibana.spaces["haiti"] = {}
    assert command.main(["import"]) == 0
    assert command.main(["import", "--space", "haiti"]) == 0
    assert "haiti-news-monitor-coverage" in kibana.objects("haiti")
    assert not kibana.objects("haiti").keys() & kibana.objects().keys()
    capsys.readouterr()
    command.main(["import", "--space", "haiti"])
    assert capsys.readouterr().out.endswith("0 written, 0 changed by somebody and left as they are\n")


def test_a_space_that_nobody_made_is_refused(kibana: FakeKibana, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["import", "--space", "nowhere"]) == 1
    assert "no space 'nowhere': create it" in capsys.readouterr().err
    assert kibana.imports == []


def test_a_name_that_is_no_identifier_of_a_space_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["import", "--space", "My Space"])
    assert "is no identifier of a space" in capsys.readouterr().err


def test_success_false_inside_200_is_seen_and_the_rest_is_ours_afterwards(
    kibana: FakeKibana, capsys: pytest.CaptureFixture[str]
) -> None:
    kibana.refused[COVERAGE] = {"type": "unknown", "message": "migration failed", "statusCode": 500}
    assert command.main(["import"]) == 1
    error = capsys.readouterr().err
    assert "did not take every object" in error
    assert f"dashboard {COVERAGE}: migration failed" in error
    kibana.refused.clear()
    assert command.main(["import"]) == 0
    assert capsys.readouterr().out.endswith("1 written, 0 changed by somebody and left as they are\n")


@pytest.mark.parametrize("first", [True, False])
def test_after_a_missing_reference_nothing_counts_as_written(
    first: bool, kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not first:
        command.main(["import"])
        ours_changes(monkeypatch, COVERAGE, "news-monitor-names")
    kibana.refused[COVERAGE] = {"type": "missing_references", "references": [{"type": "index-pattern", "id": ITEMS}]}
    capsys.readouterr()
    assert command.main(["import"]) == 1
    error = capsys.readouterr().err
    assert f"dashboard {COVERAGE}: refers to what is not there: index-pattern {ITEMS}" in error
    assert f"so Kibana wrote none of these {18 if first else 2}" in error
    kibana.refused.clear()
    assert command.main(["import"]) == 0
    assert capsys.readouterr().out.endswith(
        f"{18 if first else 2} written, 0 changed by somebody and left as they are\n"
    )


def test_what_another_import_installed_meanwhile_is_not_overwritten_nor_ours(
    kibana: FakeKibana, capsys: pytest.CaptureFixture[str]
) -> None:
    kibana.refused[COVERAGE] = {"type": "conflict"}
    assert command.main(["import"]) == 1
    assert f"dashboard {COVERAGE}: is there already, and was not before" in capsys.readouterr().err
    assert kibana.objects().keys() == {RECORD}


def test_a_key_and_a_user_are_sent(kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch) -> None:
    kibana.authorization = "Basic " + base64.b64encode(b"elastic:secret").decode()
    monkeypatch.setenv("NEWS_KIBANA_USERNAME", "elastic")
    monkeypatch.setenv("NEWS_KIBANA_PASSWORD", "secret")
    assert command.main(["import"]) == 0
    kibana.authorization = "ApiKey a-key"
    monkeypatch.setenv("NEWS_KIBANA_API_KEY", "a-key")
    assert command.main(["import"]) == 0


def test_a_wrong_key_is_told_and_not_shown(
    kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kibana.authorization = "ApiKey right"
    monkeypatch.setenv("NEWS_KIBANA_API_KEY", "the-wrong-one")
    assert command.main(["import"]) == 1
    error = capsys.readouterr().err
    assert "answered 401" in error
    assert "check NEWS_KIBANA_API_KEY" in error
    assert "the-wrong-one" not in error


@pytest.mark.parametrize(
    ("always", "says"),
    [
        ((503, b"Kibana server is not ready yet"), "Kibana is not ready; run it again"),
        ((403, b'{"message": "Unable to bulk_create dashboard"}'), "Saved Objects Management"),
        ((302, b""), "go to /login"),
        ((404, b"nothing here"), "is this Kibana, and is its base path in the URL?"),
        ((200, b"<html>a page</html>"), "not JSON: is this Kibana?"),
        (
            (400, b'{"message": "Bad", "attributes": {"objects": [{"error": {"statusCode": 403}}]}}'),
            "answered 400: Bad",
        ),
    ],
)
def test_other_answers_are_told_with_what_to_do(
    always: tuple[int, bytes], says: str, kibana: FakeKibana, capsys: pytest.CaptureFixture[str]
) -> None:
    kibana.always = always
    assert command.main(["import"]) == 1
    assert says in capsys.readouterr().err


def test_nobody_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:  # bound, and never listening
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert command.main(["import", "--url", url]) == 1
    assert f"{url} does not answer" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["kibana.example.org", "ftp://kibana.example.org", "http://[::1"])
def test_a_url_that_is_none_is_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["import", "--url", url]) == 1
    assert "URL" in capsys.readouterr().err


def test_a_base_path_is_kept(kibana: FakeKibana) -> None:
    assert command.main(["import", "--url", f"{kibana.url}/base/"]) == 0
    assert COVERAGE in kibana.objects()


def test_a_file_of_certificates_that_cannot_be_read_is_told(
    kibana: FakeKibana, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWS_KIBANA_CA_FILE", "/nowhere/ca.pem")
    assert command.main(["import"]) == 1
    assert "NEWS_KIBANA_CA_FILE /nowhere/ca.pem cannot be read" in capsys.readouterr().err
