"""The alert about a feed that has fallen silent: nobody would notice what does not come. Pure."""

from datetime import datetime, timedelta

from schemas import identity
from schemas.messages import Alert, Feed, FeedState, SilentFeed, Why
from services.ingest import habit


def alert(feed: Feed, state: FeedState, now: datetime, outcome: str, error: str | None) -> Alert:
    """Return the alert about a silence that `state.silent_since` began. The same silence gives the same alert_id."""
    since = state.silent_since or now
    limit = habit.alarming_silence(state.days)
    trigger = since.isoformat()
    return Alert(
        alert_id=identity.alert_id("silent_feed", feed.feed_id, feed.feed_id, trigger),
        kind="silent_feed",
        search_id=None,
        subject=feed.feed_id,
        trigger=trigger,
        item_id=None,
        story_id=None,
        revision=None,
        matched_at=now,
        late=False,
        why=[Why(clause=_words(now - since, limit, outcome))],
        links={"feed": state.url or feed.url},
        item=None,
        trace_id=identity.new_trace_id(),
        feed=SilentFeed(
            feed_id=feed.feed_id,
            title=feed.title,
            url=state.url or feed.url,
            silent_since=since,
            limit_s=int(limit.total_seconds()) if limit else None,
            outcome=outcome,
            error=error,
        ),
    )


def _words(silent: timedelta, limit: timedelta | None, outcome: str) -> str:
    if outcome == "gone":
        return "the feed says that it is gone for good (410)"
    hours = silent / timedelta(hours=1)
    usual = f", beyond the {limit / timedelta(hours=1):.0f} that its habit allows" if limit else ""
    return f"no new item for {hours:.0f} hours{usual}; the latest poll: {outcome}"
