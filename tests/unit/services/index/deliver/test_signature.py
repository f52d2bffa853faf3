"""Signed by us, verified by the reference library of Standard Webhooks."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from services.index.deliver import signature

ID = "17e4aba1e2289ecc7e957d88466aabf6"
BODY = b'{"type":"news.match","data":{"title":"Ayiti: l\xc3\xa2che"}}'


def now() -> int:
    return int(time.time())


@given(text=st.text(), key=st.binary(min_size=24, max_size=64))
def test_the_reference_library_accepts_any_body_and_any_key(text: str, key: bytes) -> None:
    body = text.encode("utf-8", "replace")
    secret = "whsec_" + base64.b64encode(key).decode()
    Webhook(secret).verify(body, signature.headers(ID, now(), body, [secret]), json_parse=False)


def test_the_specification_s_own_numbers_come_out() -> None:
    """Key, id, time and body of the library's published test vector."""
    headers = signature.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("position", range(len(BODY)))
def test_a_changed_byte_is_rejected(position: int) -> None:
    secret = signature.new_secret()
    headers = signature.headers(ID, now(), BODY, [secret])
    changed = bytearray(BODY)
    changed[position] = changed[position] ^ 1 if changed[position] < 128 else 0x20
    with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
        Webhook(secret).verify(bytes(changed), headers)


@pytest.mark.parametrize("age_s", [-400, 400])
def test_an_old_or_future_timestamp_is_rejected(age_s: int) -> None:
    secret = signature.new_secret()
    with pytest.raises(WebhookVerificationError, match="too"):
        Webhook(secret).verify(BODY, signature.headers(ID, now() - age_s, BODY, [secret]))


def test_another_time_than_the_signed_one_is_rejected() -> None:
    secret = signature.new_secret()
    headers = signature.headers(ID, now(), BODY, [secret]) | {"webhook-timestamp": str(now() - 1)}
    with pytest.raises(WebhookVerificationError, match="No matching"):
        Webhook(secret).verify(BODY, headers)


def test_another_id_than_the_signed_one_is_rejected() -> None:
    secret = signature.new_secret()
    headers = signature.headers(ID, now(), BODY, [secret]) | {"webhook-id": ID[::-1]}
    with pytest.raises(WebhookVerificationError, match="No matching"):
        Webhook(secret).verify(BODY, headers)


def test_a_wrong_key_is_rejected() -> None:
    headers = signature.headers(ID, now(), BODY, [signature.new_secret()])
    with pytest.raises(WebhookVerificationError, match="No matching"):
        Webhook(signature.new_secret()).verify(BODY, headers)


def test_while_a_secret_is_replaced_holders_of_either_verify() -> None:
    old, new = signature.new_secret(), signature.new_secret()
    headers = signature.headers(ID, now(), BODY, [new, old])
    assert len(headers["webhook-signature"].split(" ")) == 2
    Webhook(old).verify(BODY, headers)
    Webhook(new).verify(BODY, headers)


def test_new_secrets_hold_256_bits_and_differ() -> None:
    assert len(signature.key(signature.new_secret())) == 32
    assert signature.new_secret() != signature.new_secret()


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "starts with whsec_"),
        ("whsec_%%%", "base64"),
        ("whsec_é", "base64"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "24 to 64 bytes, this one 23"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "24 to 64 bytes, this one 65"),
    ],
)
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as refusal:
        signature.key(secret)
    assert secret.removeprefix("whsec_") not in str(refusal.value)
