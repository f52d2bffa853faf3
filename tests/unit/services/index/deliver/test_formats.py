"""Each format is what it was, and within what its service takes, whatever a title says."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.messages import Why
from services.index.deliver import follow_up, payload
from services.index.deliver.endpoints import Format
from services.index.deliver.formats.fitted import fitted, units
from services.index.deliver.formats.shape import shaped
from services.index.deliver.windows import Waiting
from tests.unit.services.index.deliver.golden_messages import FORMATS, GOLDEN, MATCH, MESSAGES, NOW, digest, pretty


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", MESSAGES)
def test_each_format_of_each_kind_is_what_it_was(form: Format, kind: str) -> None:
    assert pretty(form, kind) == (GOLDEN / f"{form}-{kind}.json").read_text()


def test_our_own_format_is_the_message_byte_for_byte() -> None:
    assert shaped("json", MESSAGES["match"]) == MESSAGES["match"]


def texts_of(part: Any) -> list[str]:
    """Every string in a message."""
    if isinstance(part, str):
        return [part]
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [text for one in inner for text in texts_of(one)]


def within_slack(message: dict[str, Any]) -> None:
    assert units(message["text"]) <= 4_000
    assert len(message["blocks"]) <= 50
    assert units(json.dumps(message["blocks"], ensure_ascii=False)) <= 13_000
    for block in message["blocks"]:
        if block["type"] == "actions":
            assert all(units(button["url"]) <= 3_000 for button in block["elements"])
        else:
            assert 1 <= units(block["text"]["text"]) <= (150 if block["type"] == "header" else 3_000)


def within_discord(message: dict[str, Any]) -> None:
    [embed] = message["embeds"]
    fields = [text for field in embed["fields"] for text in (field["name"], field["value"])]
    counted = [embed["title"], embed.get("description", ""), embed.get("author", {"name": ""})["name"], *fields]
    assert 1 <= units(embed["title"]) <= 256
    assert units(embed.get("description", "")) <= 4_096
    assert len(embed["fields"]) <= 25
    assert all(1 <= units(text) <= 1_024 for text in fields)
    assert sum(map(units, counted)) <= 6_000
    assert units(embed.get("url", "")) <= 2_048
    assert message["allowed_mentions"] == {"parse": []}


def within_teams(message: dict[str, Any]) -> None:
    assert len(msgspec.json.encode(message)) <= 21_000
    assert len(message["attachments"][0]["content"]["actions"]) <= 6


WITHIN = {"slack": within_slack, "discord": within_discord, "teams": within_teams}
words = st.text(max_size=30)


@pytest.mark.parametrize("form", WITHIN)
@example(title="&", link="&", name="&", times=1_900, count=3)
@example(title="", link="0000𐀀𐀀", name="", times=254, count=1)
@given(title=words, link=words, name=words, times=st.integers(1, 300), count=st.integers(1, 80))
def test_no_message_is_too_large_for_its_service(
    form: Format, title: str, link: str, name: str, times: int, count: int
) -> None:
    title, name = title * times, name * times
    assert MATCH.item
    alert = msgspec.structs.replace(
        MATCH,
        item=msgspec.structs.replace(MATCH.item, title=title, summary=title, feed_title=title),
        links={"article": f"https://news.example/{link * times}", "item": "https://monitor.example/#item=1"},
        why=[Why(clause=title, surface=title)] * count,
    )
    one = payload.body(alert, name)
    members = [(Waiting(f"d{number}", NOW, "thread"), msgspec.json.decode(one)) for number in range(count)]
    several = follow_up.body("a" * 32, "s" * 32, name, "window:0", members, NOW, "t" * 32)
    for body in (one, several, *MESSAGES.values()):
        WITHIN[form](json.loads(shaped(form, body)))


@pytest.mark.parametrize("form", WITHIN)
def test_what_is_left_out_of_a_digest_is_counted_with_a_link_to_it(form: Format) -> None:
    listed = len(json.loads(digest(500))["data"]["digest"]["items"])
    message = json.loads(shaped(form, digest(500)))
    texts = texts_of(message)
    assert any("500 items" in text for text in texts)
    [more] = [line for text in texts for line in text.splitlines() if line.endswith(" more")]
    told = sum(text.count("Officers") for text in texts)
    assert 0 < told <= listed
    assert more == f"… and {500 - told} more"
    assert any("https://monitor.example/" in text for text in texts)


def test_in_slack_and_discord_a_title_mentions_nobody_and_forges_no_link() -> None:
    slack = json.loads(shaped("slack", MESSAGES["match"]))
    marked = [block["text"]["text"] for block in slack["blocks"] if block.get("text", {}).get("type") == "mrkdwn"]
    assert any("Officers &lt;land&gt; in *Port-au-Prince* ¦ Q&amp;A" in text for text in marked)
    assert not any("<!" in text for text in (*marked, slack["text"]))
    discord = json.loads(shaped("discord", MESSAGES["match"]))
    assert r"\[photos\]\(x\)" in discord["embeds"][0]["title"]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://news.example/" + "x" * 3_000])
def test_an_address_that_nobody_should_follow_is_no_link(address: str) -> None:
    alert = msgspec.structs.replace(MATCH, links={"article": address})
    for form in WITHIN:
        assert address not in shaped(form, payload.body(alert, "Kenya")).decode()  # type: ignore[arg-type]


@given(text=st.text(max_size=60), limit=st.integers(1, 80))
def test_a_fitted_text_is_the_whole_or_its_start(text: str, limit: int) -> None:
    cut = fitted(text, limit, {ord("&"): "&amp;"})
    assert units(cut) <= limit
    whole = text.replace("&", "&amp;")
    assert cut == whole or whole.startswith(cut.removesuffix("…"))
    assert "&" not in cut.replace("&amp;", "")


def test_an_address_of_a_chat_is_sealed_and_its_host_shown() -> None:
    from cryptography.fernet import Fernet

    from services.index.deliver.endpoints import addressed
    from services.vault import Vault

    vault = Vault(Fernet.generate_key().decode())
    assert addressed("https://hooks.example/x", "json", vault) == {"url": "https://hooks.example/x"}
    sealed = addressed("https://hooks.slack.example/T0/B0/secret", "slack", vault)
    assert sealed["url"] == "https://hooks.slack.example/..."
    assert "secret" not in sealed["sealed_url"]
    assert vault.decrypt(sealed["sealed_url"]) == "https://hooks.slack.example/T0/B0/secret"
