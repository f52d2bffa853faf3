from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.errors import Invalid
from schemas.messages import Claim, FeedState, HubNotice
from services.ingest.state_log import CLAIM_KEY, HUB_KEY, StateLog, new_state

AT = datetime(2026, 1, 2, tzinfo=UTC)


def state(feed_id: str, epoch: int, etag: str) -> FeedState:
    return msgspec.structs.replace(new_state(feed_id, AT), epoch=epoch, etag=etag)


class Partition:
    """A partition of news.feed-state: offsets rise; compaction keeps the last record of each key."""

    def __init__(self) -> None:
        self.records: list[tuple[int, str, bytes]] = []
        self.end = 0

    def claim(self, owner: str) -> int:
        return self._append(f"{CLAIM_KEY}0", codec.encode(Claim(partition=0, owner=owner, claimed_at=AT)))

    def write(self, written: FeedState) -> int:
        return self._append(written.feed_id, codec.encode(written))

    def call_of_hub(self, feed_id: str, notice: HubNotice) -> int:
        return self._append(f"{HUB_KEY}{'push' if notice.kind == 'push' else 'lease'}/{feed_id}", codec.encode(notice))

    def _append(self, key: str, value: bytes) -> int:
        self.records.append((self.end, key, value))
        self.end += 1
        return self.end - 1

    def compact(self) -> None:
        last = {key: offset for offset, key, _ in self.records}
        self.records = [record for record in self.records if last[record[1]] == record[0]]

    def read(self, epoch: int, start: int = 0, log: StateLog | None = None) -> StateLog:
        log = log or StateLog(epoch)
        for record in self.records:
            if record[0] >= start:
                log.read(*record)
        return log


def test_an_heir_has_what_its_predecessor_wrote() -> None:
    partition = Partition()
    first = partition.claim("first")
    partition.write(state("a", first, "1"))
    partition.write(state("a", first, "2"))
    log = partition.read(partition.claim("heir"))
    assert log.caught_up
    assert log.states["a"].etag == "2"
    assert log.to_write_again() == []


def test_nothing_is_polled_before_ones_own_claim_is_read() -> None:
    partition = Partition()
    partition.claim("first")
    assert not partition.read(epoch=1).caught_up


def test_a_frozen_owner_that_wakes_up_changes_nothing() -> None:
    partition = Partition()
    first = partition.claim("first")
    partition.write(state("a", first, "old"))
    heir = partition.claim("heir")
    log = partition.read(heir)
    mine = state("a", heir, "new")
    partition.write(mine)
    log.wrote(mine)
    late = partition.write(state("a", first, "late"))
    partition.read(heir, late, log)
    assert log.states["a"] == mine
    assert log.to_write_again() == [mine]
    assert log.to_write_again() == []


def test_what_was_written_again_outlives_compaction_for_the_next_heir() -> None:
    partition = Partition()
    first = partition.claim("first")
    partition.write(state("a", first, "old"))
    log = partition.read(partition.claim("heir"))
    late = partition.write(state("a", first, "late"))
    partition.read(log.epoch, late, log)
    for again in log.to_write_again():
        assert again.epoch == log.epoch
        partition.write(again)
    partition.compact()
    assert partition.read(partition.claim("next")).states["a"].etag == "old"


def test_ones_own_state_read_back_is_not_newer_than_what_one_holds() -> None:
    partition = Partition()
    epoch = partition.claim("me")
    log = partition.read(epoch)
    for etag in ("1", "2"):
        written = state("a", epoch, etag)
        partition.write(written)
        log.wrote(written)
    partition.read(epoch, 1, log)
    assert log.states["a"].etag == "2"


def test_a_later_claim_means_that_the_partition_is_lost() -> None:
    partition = Partition()
    epoch = partition.claim("me")
    log = partition.read(epoch)
    assert not log.lost
    partition.claim("another")
    assert partition.read(epoch, epoch + 1, log).lost


def test_a_late_record_is_better_than_nothing() -> None:
    """Compaction has left only the late record of a frozen owner: it is the last that anybody knew of the feed."""
    partition = Partition()
    first = partition.claim("first")
    partition.write(state("a", first, "old"))
    partition.claim("second, which dies before it writes again")
    partition.write(state("a", first, "late"))
    partition.compact()
    assert partition.read(partition.claim("third")).states["a"].etag == "late"


def test_an_undecodable_record_changes_nothing() -> None:
    log = StateLog(5)
    with pytest.raises(Invalid):
        log.read(0, "a", b"{")
    assert log.states == {}


@given(st.lists(st.sampled_from(["claim", "owner", "frozen"]), max_size=30), st.booleans())
def test_an_heir_never_takes_a_frozen_owners_state_over_its_successors(steps: list[str], compacted: bool) -> None:
    """Owners follow each other, each frozen one writes late at any time; the current one writes again, as it must."""
    partition = Partition()
    epoch = partition.claim("0")
    log = partition.read(epoch)
    epochs, latest = [epoch], None
    for number, step in enumerate(steps):
        start = partition.end
        if step == "claim":
            epoch = partition.claim(str(number))
            epochs.append(epoch)
            log = partition.read(epoch)
        elif step == "owner":
            latest = state("a", epoch, f"owner-{number}")
            partition.write(latest)
            log.wrote(latest)
        elif latest is not None and len(epochs) > 1:
            partition.write(state("a", epochs[0], f"frozen-{number}"))
        partition.read(epoch, start, log)
        for again in log.to_write_again():
            partition.write(again)
            log.wrote(again)
    if compacted:
        partition.compact()
    heir = partition.read(partition.claim("heir"))
    if latest is not None and latest.epoch != epochs[0]:
        assert heir.states["a"].etag == latest.etag


def test_what_hubs_told_is_kept_also_from_before_the_claim() -> None:
    partition = Partition()
    lease = HubNotice(feed_id="a", kind="verified", topic="t", at=AT, until=AT)
    push = HubNotice(feed_id="a", kind="push", topic="", at=AT)
    partition.call_of_hub("a", lease)
    partition.call_of_hub("a", push)
    log = StateLog(partition.claim("us"))
    for record in partition.records:
        log.read(*record)
    assert (log.leases, log.pushed) == ({"a": lease}, {"a": AT})
    assert log.states == {}
    assert not log.lost
