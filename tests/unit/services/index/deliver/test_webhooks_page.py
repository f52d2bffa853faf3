"""What docs/webhooks.md says is so, and its code runs."""

import json
import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.index.deliver import payload, signature
from services.index.deliver.retry_schedule import DELAYS_S
from services.settings import Deliver
from tests.unit.services.index.alerts import EXAMPLE

PAGE = Path("docs/webhooks.md").read_text()
ID = "17e4aba1e2289ecc7e957d88466aabf6"
BODY = payload.body(EXAMPLE, "Jamaicans in the mission")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def defined(block: str, name: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(block, namespace)
    return namespace[name]


WITH_LIBRARY, WITHOUT, IS_NEW = blocks("python")


@pytest.fixture(params=[WITH_LIBRARY, WITHOUT], ids=["with the library", "without"])
def verified(request: pytest.FixtureRequest) -> Callable[..., Any]:
    found: Callable[..., Any] = defined(request.param, "verified")
    return found


def headers(secret: str, age_s: int = 0) -> dict[str, str]:
    return signature.headers(ID, int(time.time()) - age_s, BODY, [secret])


def test_the_code_accepts_what_we_send(verified: Callable[..., Any]) -> None:
    secret = signature.new_secret()
    sent = {name.title(): value for name, value in headers(secret).items()}
    assert verified(BODY, sent, secret)["data"]["alert_id"] == EXAMPLE.alert_id


def test_the_code_accepts_either_secret_while_one_is_replaced(verified: Callable[..., Any]) -> None:
    old, new = signature.new_secret(), signature.new_secret()
    both = signature.headers(ID, int(time.time()), BODY, [new, old])
    assert verified(BODY, both, old) == verified(BODY, both, new)


def test_the_code_rejects_a_changed_byte_an_old_timestamp_a_wrong_key_and_missing_headers(
    verified: Callable[..., Any],
) -> None:
    secret = signature.new_secret()
    good = headers(secret)
    for body, sent, key in (
        (BODY.replace(b"JM", b"JN"), good, secret),
        (BODY, headers(secret, age_s=400), secret),
        (BODY, headers(secret, age_s=-400), secret),
        (BODY, good | {"webhook-timestamp": "²"}, secret),
        (BODY, good, signature.new_secret()),
        (BODY, {}, secret),
    ):
        with pytest.raises(Exception, match=r"(?i)signature|too|header") as refusal:
            verified(body, sent, key)
        assert type(refusal.value).__name__ in ("WebhookVerificationError", "ValueError")


def test_the_code_takes_each_message_once() -> None:
    is_new = defined(IS_NEW, "is_new")
    database = sqlite3.connect(":memory:")
    assert [is_new(database, webhook_id) for webhook_id in ("a", "a", "b", "a")] == [True, False, True, False]
    database.close()


def test_the_body_shown_is_the_one_that_is_sent() -> None:
    assert [json.loads(block) for block in blocks("json")] == [json.loads(BODY)]


def test_the_numbers_are_those_of_the_code() -> None:
    units = (("h", 3_600), ("min", 60), ("s", 1))
    words = [next(f"{delay / size:g} {unit}" for unit, size in units if delay >= size) for delay in DELAYS_S[1:]]
    assert f"- after {', '.join(words)}, each" in PAGE
    assert f"ends after {Deliver.model_fields['deliver_timeout_s'].default:g} s" in PAGE
    assert f"{Deliver.model_fields['deliver_disable_after_h'].default:g} hours" in PAGE
    assert Deliver.model_fields["deliver_concurrency"].default == 4
    assert sum(DELAYS_S) > 3 * 86_400
    assert 1.1 * sum(DELAYS_S) < 4 * 86_400
