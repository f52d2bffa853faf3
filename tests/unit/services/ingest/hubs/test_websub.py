import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from schemas.messages import HubNotice, Subscription
from services.ingest.hubs import websub
from services.ingest.hubs.websub import AGAIN_AFTER, RETRY_AFTER, Callbacks, feed_of, heard, is_trusted, judged, offered

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HUB, TOPIC = "https://hub.example/", "https://news.example/rss"
NEW = Subscription(hub=HUB, topic=TOPIC)
ASKED = Subscription(hub=HUB, topic=TOPIC, asked_at=NOW)
LIVE = Subscription(hub=HUB, topic=TOPIC, asked_at=NOW, until=NOW + 10 * DAY)
RENEWED = Subscription(hub=HUB, topic=TOPIC, asked_at=NOW + 8 * DAY, until=NOW + 10 * DAY)  # and not yet verified
CALLBACKS = Callbacks("https://us.example/", "new-key, old-key")


def notice(**fields: object) -> HubNotice:
    given = {"feed_id": "f", "kind": "verified", "topic": TOPIC, "at": NOW, "until": NOW + 10 * DAY}
    return HubNotice(**given | fields)  # type: ignore[arg-type]


def test_a_document_s_hub_is_kept_until_it_names_another_or_none() -> None:
    assert offered(None, HUB, TOPIC) == NEW
    assert offered(LIVE, HUB, TOPIC) is LIVE
    assert offered(LIVE, "https://other.example/", TOPIC) == Subscription(hub="https://other.example/", topic=TOPIC)
    assert offered(LIVE, None, TOPIC) is None


def test_a_verified_lease_counts_and_one_of_another_topic_or_time_does_not() -> None:
    assert heard(ASKED, notice()) == LIVE
    assert heard(ASKED, notice(topic="https://news.example/other")) == ASKED
    assert heard(ASKED, notice(at=NOW - timedelta(hours=1))) == ASKED
    assert heard(ASKED, notice(at=NOW - timedelta(seconds=5))) == LIVE  # clocks differ
    assert heard(NEW, notice()) == NEW
    assert heard(None, notice()) is None
    assert heard(LIVE, notice(kind="denied", until=None)) == ASKED


@pytest.mark.parametrize(
    ("subscription", "after", "due"),
    [
        (None, timedelta(0), False),
        (NEW, timedelta(0), True),
        (ASKED, AGAIN_AFTER - timedelta(seconds=1), False),
        (ASKED, AGAIN_AFTER, True),
        (LIVE, 7 * DAY, False),
        (LIVE, 8 * DAY, True),
        (LIVE, 11 * DAY, True),
        (RENEWED, 8 * DAY + RETRY_AFTER, False),
        (RENEWED, 9.5 * DAY, True),
    ],
)
def test_a_hub_is_asked_at_first_again_and_before_the_lease_ends(
    subscription: Subscription | None, after: timedelta, due: bool
) -> None:
    assert websub.is_due(subscription, NOW + after) is due


def test_a_hub_is_trusted_from_its_first_good_call_until_it_misses_one() -> None:
    assert not is_trusted(LIVE, NOW)
    proven = judged(LIVE, news=True, pushed=True)
    assert is_trusted(proven, NOW)
    assert not is_trusted(proven, NOW + 10 * DAY)
    assert judged(proven, news=False, pushed=False) is proven
    assert not is_trusted(judged(proven, news=True, pushed=False), NOW)
    assert judged(None, news=True, pushed=False) is None


def test_an_address_is_for_its_feed_and_topic_only() -> None:
    feed_id = "a feed/with é"
    name, token = CALLBACKS.address(feed_id, TOPIC).removeprefix("https://us.example/websub/").split("/")
    assert feed_of(name) == feed_id
    assert CALLBACKS.is_ours(feed_id, token, TOPIC)
    assert not CALLBACKS.is_ours(feed_id, token, TOPIC + "2")
    assert not CALLBACKS.is_ours("another", token, TOPIC)
    assert feed_of("é") is None
    assert feed_of("") is None


@pytest.mark.parametrize("method", ["sha256", "sha384", "sha512", "SHA256"])
def test_good_signatures_are_believed(method: str) -> None:
    header = f"{method}={signature(CALLBACKS, method.lower())}"
    assert CALLBACKS.is_signed("f", token_of(CALLBACKS), header, b"body")


@pytest.mark.parametrize("header", [None, "", "{good}", "sha256=", "sha256={good}0", "sha1={sha1}", "sha256=é"])
def test_other_signatures_are_not(header: str | None) -> None:
    given = header and header.format(good=signature(CALLBACKS, "sha256"), sha1=signature(CALLBACKS, "sha1"))
    assert not CALLBACKS.is_signed("f", token_of(CALLBACKS), given, b"body")


def test_a_signature_is_for_its_body_and_address_only() -> None:
    good, token = f"sha256={signature(CALLBACKS, 'sha256')}", token_of(CALLBACKS)
    assert CALLBACKS.is_signed("f", token, good, b"body")
    assert not CALLBACKS.is_signed("f", token, good, b"another body")
    assert not CALLBACKS.is_signed("g", token, good, b"body")
    assert not CALLBACKS.is_signed("f", "0" * 32, good, b"body")


def test_a_replaced_key_holds_for_the_subscriptions_that_were_made_with_it() -> None:
    before = Callbacks("https://us.example", "old-key")
    assert CALLBACKS.is_signed("f", token_of(before), f"sha256={signature(before, 'sha256')}", b"body")
    assert CALLBACKS.address("f", TOPIC) != before.address("f", TOPIC)


def test_without_a_key_there_are_no_secrets() -> None:
    with pytest.raises(ValueError, match="no key"):
        Callbacks("https://us.example", " , ")


def token_of(callbacks: Callbacks) -> str:
    return callbacks.address("f", TOPIC).rpartition("/")[2]


def signature(callbacks: Callbacks, method: str) -> str:
    return hmac.new(callbacks.secret("f", TOPIC).encode(), b"body", getattr(hashlib, method)).hexdigest()
