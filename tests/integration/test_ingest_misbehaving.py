"""Servers that misbehave, over simulated time: what is emitted is exactly what was published, each once.

Real HTTP over loopback, the real fetch, parser pool and poll; the clock is simulated and the broker is a list.
"""

from datetime import timedelta

import pytest

from services import guarded_http
from tests.integration.misbehaving import (
    START,
    Article,
    Site,
    always_304,
    between,
    busy_until,
    cut_gzip,
    cut_xml,
    hanging,
    honest,
    html,
    moved,
    simulation,
    status,
)

HOUR, DAY = 60.0, 24 * 60.0
EARLY = [Article("first", -600), Article("second", -30), Article("third", 4), Article("fourth", 14)]
LATER = [Article("noon", 6 * HOUR), Article("evening", 11 * HOUR)]
ARTICLES = EARLY + LATER

flaps = iter(range(10**9))


SITES = [
    Site("/honest", ARTICLES, honest),
    Site("/etag-lies", ARTICLES, always_304, etag=lambda _: '"a"'),
    Site("/etag-begins-to-lie", ARTICLES, between(2 * HOUR, DAY, always_304)),
    Site("/429-seconds", ARTICLES, between(10, 15, status(429, Retry_After="900"))),
    Site("/429-date", ARTICLES, between(10, 30, busy_until(30))),
    Site("/moved", ARTICLES, moved),
    Site("/html", ARTICLES, between(10, 20, html)),
    Site("/cut-gzip", ARTICLES, between(10, 20, cut_gzip)),
    Site("/cut-xml", ARTICLES, between(3, 20, cut_xml)),
    Site("/cut-from-the-start", ARTICLES, between(0, 2, cut_xml)),
    Site("/hangs", ARTICLES, between(10, 16, hanging), timeout_s=0.3),
    Site("/404", ARTICLES, between(10, 20, status(404))),
    Site("/503", ARTICLES, between(10, 20, status(503))),
    Site("/403", ARTICLES, between(10, 20, status(403))),
    Site("/304-unasked", ARTICLES, between(10, 20, status(304)), etag=lambda _: None),
    Site("/clock-ahead", ARTICLES, honest, dated=lambda article: START + timedelta(days=3, minutes=article.at)),
    Site("/clock-stopped", ARTICLES, honest, dated=lambda _: START - timedelta(days=9_000)),
    Site("/ids-flap", ARTICLES, honest, guid=lambda article: f"{article.name}-{next(flaps)}"),
    Site("/ids-reused", ARTICLES, honest, guid=lambda _: "1"),
    Site("/edited", [*EARLY[:2], Article("edited", 4, edited=(14, 25)), *LATER], honest),
    Site("/fresh-for-a-day", [*EARLY[:2], *LATER], honest, headers=(("Cache-Control", "max-age=86400"),)),
    Site("/fresh-for-ever", [*EARLY[:2], *LATER], honest, headers=(("Expires", "Tue, 19 Jan 2038 03:14:07 GMT"),)),
    Site("/fresh-for-half-an-hour", ARTICLES, honest, headers=(("Cache-Control", "max-age=1800"),)),
    Site("/ttl", ARTICLES, honest, channel="<ttl>30</ttl>"),
    Site("/skips-hours", ARTICLES, honest, channel="<skipHours><hour>8</hour><hour>9</hour></skipHours>"),
]


@pytest.mark.timeout(300)
async def test_what_is_emitted_is_what_was_published_whatever_servers_do() -> None:
    client = guarded_http.client(allowed_hosts=frozenset({"127.0.0.1"}), timeout_s=60, user_agent="test")
    async with simulation(SITES, client) as world:
        await world.until(HOUR)
        for path in world.sites:
            assert (path, world.emitted(path)) == (path, world.expected(path, HOUR))

        asked = {path: [minute for minute, _ in site.asked] for path, site in world.sites.items()}
        refused = next(minute for minute in asked["/429-seconds"] if minute >= 10)
        assert not [minute for minute in asked["/429-seconds"] if refused < minute < refused + 15]
        refused = next(minute for minute in asked["/429-date"] if minute >= 10)
        assert not [minute for minute in asked["/429-date"] if refused < minute < 30]
        assert world.state("/moved").url == f"{world.url}/moved?step=2"
        assert [path for _, path in world.sites["/moved"].asked[9:]] == ["/moved?step=2"] * (len(asked["/moved"]) - 9)
        assert world.health["/etag-lies"][-1].validators_distrusted
        assert not world.health["/etag-begins-to-lie"][-1].validators_distrusted
        assert [len(asked[path]) for path in ("/fresh-for-a-day", "/fresh-for-ever", "/fresh-for-half-an-hour")] == [
            1,
            1,
            2,
        ]
        assert len(asked["/ttl"]) == 2
        for path, outcome in (
            ("/html", "html"),
            ("/cut-gzip", "bad_encoding"),
            ("/hangs", "timeout"),
            ("/404", "http_404"),
            ("/503", "http_503"),
            ("/403", "http_403"),
            ("/304-unasked", "http_304"),
        ):
            assert outcome in {health.outcome for health in world.health[path]}
            assert world.health[path][-1].failures == 0

        await world.until(DAY)
        for path in world.sites:
            assert (path, world.emitted(path)) == (path, world.expected(path, DAY))
        assert world.health["/etag-begins-to-lie"][-1].validators_distrusted
        assert world.health["/honest"][-1].validators_distrusted is False
        slowest = world.health["/honest"][-1].delay_p95_s
        assert slowest is not None
        assert slowest <= 16 * 60
        skipping = [minute for minute, _ in world.sites["/skips-hours"].asked]
        assert not [minute for minute in skipping if 2 * HOUR <= minute < 4 * HOUR]  # 8 to 10, counted from 6
        assert [minute for minute in skipping if HOUR < minute < 2 * HOUR]
