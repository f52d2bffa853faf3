"""The lock names every jar once with its sum, and no other bytes than those get in."""

import re

import pytest

from deploy.local import LocalStackError, jars
from deploy.local.jars import Jar, check, read_lock
from deploy.local.lock import ROOTS

SUM = "a" * 64


def lock(*lines: str) -> str:
    return "\n".join(("[kafka]", *lines))


def test_jars_come_in_the_order_of_the_lock() -> None:
    text = lock(f'"org.b:two:2.0" = "{SUM}"', f'"org.a:one:1.0:linux" = "{SUM}"')
    assert read_lock(text, "kafka") == [Jar("org.b:two:2.0", SUM), Jar("org.a:one:1.0:linux", SUM)]


def test_a_jars_file_is_named_by_artifact_version_and_classifier() -> None:
    assert Jar("org.a:one:1.0", SUM).file_name == "one-1.0.jar"
    assert Jar("org.a:one:1.0:linux", SUM).file_name == "one-1.0-linux.jar"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[kafka", "cannot be read"),
        ("[engine]", "names no jars for kafka"),
        (lock(f'"org.a:one" = "{SUM}"'), "is not a jar and its sum"),
        (lock('"org.a:one:1.0" = "abc"'), "is not a jar and its sum"),
        (lock(f'"org.a:one:1.0" = "{SUM}"', f'"org.b:one:1.0" = "{SUM}"'), "same file name"),
        (lock(f'"org.a:one:1.0" = "{SUM}"', f'"org.a:one:1.0" = "{SUM}"'), "cannot be read"),
    ],
)
def test_a_damaged_lock_is_refused_with_how_to_write_it_anew(text: str, complaint: str) -> None:
    with pytest.raises(LocalStackError, match=f"(?s){complaint}.*python -m deploy.local.lock"):
        read_lock(text, "kafka")


@pytest.mark.parametrize("server", sorted(ROOTS))
def test_the_committed_lock_is_sound_and_names_no_address(server: str) -> None:
    text = jars.LOCK_FILE.read_text(encoding="utf-8")
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in read_lock(text, server))
    assert "://" not in text


def test_a_wrong_sum_is_an_error_that_names_the_jar_both_sums_and_what_to_do() -> None:
    with pytest.raises(LocalStackError) as caught:
        check(Jar("org.a:one:1.0", SUM), "b" * 64, "delete it and run again")
    for part in ("org.a:one:1.0", SUM, "b" * 64, "delete it and run again"):
        assert part in str(caught.value)
    check(Jar("org.a:one:1.0", SUM), SUM, "nothing to do")
