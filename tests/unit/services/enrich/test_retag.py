"""Re-tagging: what is sent, to whom it applies, and how the command tells of it."""

import msgspec
import pytest

from schemas.errors import Transient
from services.enrich.gazetteer import Gazetteer, load
from services.enrich.gazetteer_files import GazetteerError
from services.enrich.retag import outdated, progress, require_bumped
from services.enrich.retag_consumer import require_gazetteer
from services.kafka import Record
from tests.unit.services.enrich.items import raw_item, tagger


def record(**headers: bytes) -> Record:
    return Record("news.retag", 0, 1, b"key", b"{}", tuple(headers.items()), 0)


def test_only_what_an_older_gazetteer_tagged_is_sent_and_without_its_tags() -> None:
    raw = raw_item("Kenya sent officers to Haiti.", "Officers for Haiti")
    tagged = tagger().tag(raw)
    older, same, newer = (
        msgspec.structs.replace(tagged, gazetteer_version=f"{serial}-0123456789ab") for serial in (7, 8, 9)
    )
    assert outdated([newer, older, same], serial=8) == [raw]


def test_a_worker_with_an_older_gazetteer_than_the_command_waits_to_be_restarted() -> None:
    require_gazetteer([record(), record(gazetteer=b"8-0123456789ab")], serial=8)
    with pytest.raises(Transient, match="asks for gazetteer 9-0123456789ab, this process has 8: restart it"):
        require_gazetteer([record(gazetteer=b"9-0123456789ab")], serial=8)


def test_a_gazetteer_that_changed_without_a_new_serial_is_refused() -> None:
    with pytest.raises(GazetteerError, match="gazetteer bump"):
        require_bumped(Gazetteer(msgspec.structs.replace(load().files, content="0123456789ab")))


def test_progress_says_how_far_and_how_long() -> None:
    line = progress(read=1_000, total=10_000, sent=1_200, elapsed_s=12.0, after="00ff")
    assert line == "1,000 of 10,000 items, 1,200 messages sent, 100/s, 2 min left, at 00ff"
