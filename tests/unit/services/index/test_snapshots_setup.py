"""Where snapshots are kept is said in JSON, and a mistake in it is told before the engine is asked."""

import pytest

from schemas.errors import Invalid
from services import settings
from services.index.snapshots_setup import Repository, configured_repository


def test_unset_there_are_none() -> None:
    assert configured_repository(settings.Snapshots()) is None


def test_a_type_and_its_settings() -> None:
    configured = settings.Snapshots(snapshot_repository='{"type": "s3", "settings": {"bucket": "b"}}')
    assert configured_repository(configured) == Repository("s3", {"bucket": "b"})


@pytest.mark.parametrize("words", ["/backups", "{}", '{"type": "fs", "location": "/backups"}'])
def test_anything_else_is_refused(words: str) -> None:
    with pytest.raises(Invalid, match="NEWS_SNAPSHOT_REPOSITORY is to be JSON like"):
        configured_repository(settings.Snapshots(snapshot_repository=words))
