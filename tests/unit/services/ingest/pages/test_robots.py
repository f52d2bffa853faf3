from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.pages.polite_get import Answer, NoAnswerError, Wanted
from services.ingest.pages.robots import AGAIN_AFTER, KEPT, Robots, product_token

AGENT = "mss-news-monitor/0.1 (a contact)"


class Site:
    """Answers robots.txt as the test says, and counts."""

    def __init__(self, status: int = 200, rules: str = "") -> None:
        self.status, self.rules = status, rules
        self.asked: list[str] = []
        self.failure: NoAnswerError | None = None
        self.now = datetime(2026, 1, 2, tzinfo=UTC)
        self.robots = Robots(self.get, AGENT, lambda: self.now)

    async def get(self, url: str, wanted: Wanted) -> Answer:
        self.asked.append(url)
        if self.failure:
            raise self.failure
        return Answer(status=self.status, body=self.rules.encode(), content_type="text/plain", url=url)

    async def allows(self, path: str = "/a") -> bool:
        return await self.robots.allows(f"https://news.example{path}")


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /private/", "/a", True),
        ("User-agent: *\nDisallow: /private/", "/private/a", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/public", "/a/public/1", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: mss-news-monitor\nDisallow: /b", "/a", True),
        ("User-agent: MSS-News-Monitor\nDisallow: /\n\nUser-agent: *\nDisallow:", "/a", False),
        ("User-agent: another\nDisallow: /", "/a", True),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
    ],
)
async def test_rules_are_obeyed(rules: str, path: str, allowed: bool) -> None:
    assert await Site(rules=rules).allows(path) is allowed


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (401, True), (429, False), (503, False)])
async def test_a_site_without_rules_allows_all_and_one_that_cannot_say_nothing(status: int, allowed: bool) -> None:
    assert await Site(status, "User-agent: *\nDisallow: /").allows() is allowed


async def test_rules_are_kept_for_a_day() -> None:
    site = Site(rules="User-agent: *\nDisallow: /")
    assert not await site.allows()
    site.rules, site.now = "", site.now + KEPT - timedelta(seconds=1)
    assert not await site.allows()
    site.now += timedelta(seconds=1)
    assert await site.allows()
    assert site.asked == ["https://news.example/robots.txt"] * 2


async def test_a_site_that_could_not_say_is_asked_again_soon() -> None:
    site = Site(status=500)
    assert not await site.allows()
    assert not await site.allows()
    assert len(site.asked) == 1
    site.status, site.now = 200, site.now + AGAIN_AFTER
    assert await site.allows()


async def test_the_last_known_rules_hold_while_the_site_cannot_say() -> None:
    site = Site(rules="User-agent: *\nDisallow: /private/")
    assert await site.allows()
    site.failure, site.now = NoAnswerError("timeout", "no answer"), site.now + KEPT
    assert await site.allows()
    assert not await site.allows("/private/a")


async def test_more_redirects_than_need_be_followed_mean_no_rules() -> None:
    site = Site()
    site.failure = NoAnswerError("redirects", "too many")
    assert await site.allows()


async def test_hosts_ports_and_schemes_have_rules_of_their_own() -> None:
    site = Site()
    for url in (
        "https://news.example/a",
        "http://news.example/a",
        "https://news.example:8443/a",
        "https://NEWS.example",
    ):
        assert await site.robots.allows(url)
    assert [url.removesuffix("/robots.txt") for url in site.asked] == [
        "https://news.example",
        "http://news.example",
        "https://news.example:8443",
    ]


def test_the_product_token_is_the_name_without_the_version() -> None:
    assert product_token("mss-news-monitor/0.1 (x)") == "mss-news-monitor"
    assert product_token("123") == "*"
