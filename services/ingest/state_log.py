"""What the records of one partition of news.feed-state say, to the replica that owns it. Pure.

An owner's claim is a record of the partition; its offset is the epoch of every state that the owner writes. State that
lies behind a claim with a higher epoch comes from a frozen predecessor that woke up: it is ignored, and the owner
writes its own again, since compaction would otherwise keep the late one.
"""

from datetime import datetime

import msgspec

from schemas import codec
from schemas.messages import Claim, FeedState, HubNotice

CLAIM_KEY = "claim/"
HUB_KEY = "hub/"


def new_state(feed_id: str, now: datetime) -> FeedState:
    """The state of a feed that was never polled."""
    return FeedState(
        feed_id=feed_id,
        epoch=0,
        url=None,
        etag=None,
        last_modified=None,
        body_hash=None,
        seen={},
        first_polled_at=None,
        last_item_at=None,
        not_before=None,
        failures=0,
        failing_since=None,
        redirect=None,
        updated_at=now,
    )


class StateLog:
    """The fold of a partition's records, in the order of their offsets."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.states: dict[str, FeedState] = {}
        self.caught_up = False
        self.lost = False
        self.leases: dict[str, HubNotice] = {}  # what hubs said last of subscriptions
        self.pushed: dict[str, datetime] = {}  # feeds that hubs told of news of, and when; taken from here by who polls
        self._latest_claim = -1
        self._overwritten: set[str] = set()

    def read(self, offset: int, key: str, value: bytes | None) -> None:
        """Fold one record. Raises Invalid where it cannot be decoded; the fold is then as before.

        Sets `caught_up` at the owner's own claim, `lost` at a claim of somebody else behind it.
        """
        if value is None:
            return
        if key.startswith(CLAIM_KEY):
            codec.decode(value, Claim)
            self._latest_claim = offset
            self.caught_up = self.caught_up or offset == self.epoch
            self.lost = self.lost or offset > self.epoch
            return
        if key.startswith(HUB_KEY):
            self._told(codec.decode(value, HubNotice))
            return
        state = codec.decode(value, FeedState)
        if state.epoch == self.epoch:
            self._overwritten.discard(state.feed_id)
            return  # our own, read back: what we hold is at least as new
        late = state.epoch < self._latest_claim
        if late and state.feed_id in self.states:
            self._overwritten.add(state.feed_id)
        else:
            # A late record is taken where compaction left no other: it is the last that anybody knew.
            self.states[state.feed_id] = state

    def _told(self, notice: HubNotice) -> None:
        if notice.kind == "push":
            self.pushed[notice.feed_id] = notice.at  # also before our claim: its owner then may not have come to it
        else:
            self.leases[notice.feed_id] = notice

    def wrote(self, state: FeedState) -> None:
        """This owner's state is confirmed by the broker."""
        self.states[state.feed_id] = state

    def to_write_again(self) -> list[FeedState]:
        """States that a late record lies over, as the owner is to write them; each is returned once."""
        again = [
            msgspec.structs.replace(self.states[feed_id], epoch=self.epoch) for feed_id in sorted(self._overwritten)
        ]
        self._overwritten.clear()
        return again
