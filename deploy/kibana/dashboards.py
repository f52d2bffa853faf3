"""The dashboards: what is on each, from top to bottom."""

from typing import Final

from deploy.kibana import countries_map, searches
from deploy.kibana.dashboard import Dashboard, SavedMap, SavedSearch
from deploy.kibana.lens import Chart, count, distinct, highest, latest, lowest, over_time, top
from deploy.kibana.views import DELIVERIES, FEEDS, FIGURES, ITEMS, STORED

RELEVANT: Final = "relevant: true"
PEOPLE: Final = "unit: personnel"

COVERAGE: Final = Dashboard(
    "coverage",
    "News: coverage over time",
    "How much is written about the mission, in which language, by whom.",
    since="now-30d",
    controls=(ITEMS, ("language", "outlet_country", "mission")),
    rows=(
        (
            8,
            (
                Chart("Relevant items", ITEMS, "number", {"items": count("Relevant items")}, RELEVANT),
                Chart("Stories", ITEMS, "number", {"stories": distinct("story_id", "Stories")}, RELEVANT),
                Chart("Outlets", ITEMS, "number", {"feeds": distinct("feed_id", "Outlets")}, RELEVANT),
            ),
        ),
        (
            14,
            (
                Chart(
                    "Relevant items by language",
                    ITEMS,
                    "bar",
                    {"x": over_time("event_at"), "split": top("language", 10, "items"), "items": count("Items")},
                    RELEVANT,
                ),
            ),
        ),
        (
            14,
            (
                Chart(
                    "Languages",
                    ITEMS,
                    "donut",
                    {"split": top("language", 10, "items"), "items": count("Items")},
                    RELEVANT,
                ),
                Chart(
                    "Outlets", ITEMS, "lying", {"x": top("feed_title", 15, "items"), "items": count("Items")}, RELEVANT
                ),
                Chart("Events", ITEMS, "lying", {"x": top("event", 15, "items"), "items": count("Items")}, RELEVANT),
            ),
        ),
        (16, (SavedSearch(searches.RELEVANT),)),
    ),
)

COUNTRIES: Final = Dashboard(
    "countries",
    "News: countries by role",
    "Which countries are named as contributors, as having pledged, as withdrawing. The map needs Elastic's maps "
    "service; the bars say the same without it.",
    since="now-90d",
    controls=(ITEMS, ("language", "mission")),
    rows=(
        (26, (SavedMap(countries_map.NAME, countries_map.TITLE),)),
        (
            14,
            tuple(
                Chart(title, ITEMS, "lying", {"x": top(field, 20, "items"), "items": count("Items")}, RELEVANT)
                for title, field in (
                    ("Contributors", "country_contributor"),
                    ("Pledged", "country_pledged"),
                    ("Withdrew", "country_withdrew"),
                )
            ),
        ),
        (
            12,
            (
                Chart(
                    "Contributors over time",
                    ITEMS,
                    "bar",
                    {
                        "x": over_time("event_at"),
                        "split": top("country_contributor", 10, "items"),
                        "items": count("Items"),
                    },
                    RELEVANT,
                ),
                Chart(
                    "All countries",
                    ITEMS,
                    "table",
                    {
                        "country": top("country", 50, "items"),
                        "items": count("Items"),
                        "stories": distinct("story_id", "Stories"),
                        "last": highest("event_at", "Last"),
                    },
                    RELEVANT,
                ),
            ),
        ),
        (12, (SavedSearch(searches.WITHDRAWALS),)),
    ),
)


def _people(kind: str) -> str:
    return f"kind: {kind} and {PEOPLE}"


CONTRIBUTORS: Final = Dashboard(
    "contributors",
    "News: pledged against deployed",
    "The numbers of people that items state. Each point is the greatest number stated in its interval, so one wrong "
    "article shows: the table below has them all. Choose a country above.",
    since="now-1y",
    controls=(FIGURES, ("country", "language")),
    rows=(
        (
            14,
            (
                Chart(
                    "Pledged, arrived and deployed over time",
                    FIGURES,
                    "line",
                    {
                        "x": over_time("event_at", "1w"),
                        "pledged": highest("value", "Pledged", _people("pledged")),
                        "arrived": highest("value", "Arrived", _people("arrived")),
                        "deployed": highest("value", "Deployed", _people("deployed")),
                    },
                    "country: *",
                ),
                Chart(
                    "Pledged against deployed by country",
                    FIGURES,
                    "side",
                    {
                        "x": top("country", 15, "people"),
                        "split": top("kind", 2, "people"),
                        "people": highest("value", "People"),
                    },
                    f"kind: (pledged or deployed) and {PEOPLE}",
                ),
            ),
        ),
        (
            14,
            tuple(
                Chart(
                    f"{kind.capitalize()} by country over time",
                    FIGURES,
                    "line",
                    {
                        "x": over_time("event_at", "1w"),
                        "split": top("country", 10, "number"),
                        "number": highest("value", "People"),
                    },
                    _people(kind),
                )
                for kind in ("pledged", "deployed")
            ),
        ),
        (
            12,
            (
                Chart(
                    "Last stated, by country",
                    FIGURES,
                    "table",
                    {
                        "country": top("country", 50, "items"),
                        "pledged": latest("value", "Pledged", "event_at", _people("pledged")),
                        "arrived": latest("value", "Arrived", "event_at", _people("arrived")),
                        "deployed": latest("value", "Deployed", "event_at", _people("deployed")),
                        "items": distinct("item_id", "Items"),
                        "last": highest("event_at", "Last"),
                    },
                    f"kind: (pledged or arrived or deployed) and {PEOPLE}",
                ),
            ),
        ),
        (14, (SavedSearch(searches.PLEDGES),)),
    ),
)

NAMES: Final = Dashboard(
    "names",
    "News: people and organisations",
    "Who is named most in relevant items, and when.",
    since="now-30d",
    controls=(ITEMS, ("language", "country", "mission")),
    rows=(
        (
            16,
            tuple(
                Chart(title, ITEMS, "lying", {"x": top(field, 20, "items"), "items": count("Items")}, RELEVANT)
                for title, field in (
                    ("People", "person"),
                    ("Organisations", "organisation"),
                    ("Gangs", "gang"),
                    ("Places", "place"),
                )
            ),
        ),
        (
            14,
            tuple(
                Chart(
                    f"{title} over time",
                    ITEMS,
                    "line",
                    {"x": over_time("event_at"), "split": top(field, 5, "items"), "items": count("Items")},
                    RELEVANT,
                )
                for title, field in (("People", "person"), ("Organisations", "organisation"))
            ),
        ),
    ),
)


def _stories(title: str, where: str, by: str) -> Chart:
    return Chart(
        title,
        ITEMS,
        "table",
        {
            "story": top("story_id", 30, by),
            "title": latest("title", "Latest title", "event_at"),
            "outlets": distinct("feed_id", "Outlets"),
            "items": count("Items"),
            "languages": distinct("language", "Languages"),
            "first": lowest("event_at", "First"),
            "last": highest("event_at", "Last"),
        },
        where,
    )


STORIES: Final = Dashboard(
    "stories",
    "News: stories growing now",
    "What most items of the last 3 hours are about, and what most outlets carry in the last 24. A story is one text in "
    "many outlets: near-duplicates of each other.",
    since="now-24h",
    controls=(ITEMS, ("language", "country")),
    refresh_s=60,
    rows=(
        (14, (_stories("Growing: the last 3 hours", f"{RELEVANT} and event_at >= now-3h", "items"),)),
        (
            14,
            (
                Chart(
                    "Stories by the hour",
                    ITEMS,
                    "bar",
                    {"x": over_time("event_at", "1h"), "split": top("story_id", 10, "items"), "items": count("Items")},
                    RELEVANT,
                ),
            ),
        ),
        (18, (_stories("Widest: all of the time chosen", RELEVANT, "outlets"),)),
    ),
)

FEED_HEALTH: Final = Dashboard(
    "feed-health",
    "News: feed health",
    "The state of every feed as of its latest poll; the time filter has no part in it.",
    since="now-24h",
    refresh_s=60,
    rows=(
        (
            8,
            (
                Chart("Feeds", FEEDS, "number", {"feeds": count("Feeds")}),
                Chart("Failing", FEEDS, "number", {"feeds": count("Failing feeds")}, "failures >= 1"),
                Chart("Silent", FEEDS, "number", {"feeds": count("Silent feeds")}, "silent_since: *"),
                Chart("With gaps", FEEDS, "number", {"feeds": count("Feeds with probable gaps")}, "missed: true"),
            ),
        ),
        (
            14,
            (
                Chart(
                    "Outcome of the latest poll",
                    FEEDS,
                    "lying",
                    {"x": top("outcome", 20, "feeds"), "feeds": count("Feeds")},
                ),
                Chart(
                    "Slowest to bring news",
                    FEEDS,
                    "table",
                    {
                        "feed": top("title", 20, "p95"),
                        "p50": highest("delay_p50_s", "Half within (s)"),
                        "p95": highest("delay_p95_s", "95% within (s)"),
                        "a_day": highest("items_a_day", "Items a day"),
                        "last": highest("last_item_at", "Last new item"),
                    },
                ),
            ),
        ),
        (16, (SavedSearch(searches.FAILING_FEEDS),)),
    ),
)

PIPELINE: Final = Dashboard(
    "pipeline",
    "News: pipeline health",
    "What was stored and delivered lately. Times are of storing, not of the news. Lag and dead letters are not in the "
    "search engine: see the metrics.",
    since="now-24h",
    refresh_s=60,
    rows=(
        (
            8,
            (
                Chart("Last stored", STORED, "number", {"stored": highest("indexed_at", "Last item stored")}),
                Chart("Last seen", STORED, "number", {"seen": highest("fetched_at", "Last item first seen")}),
                Chart("Items", STORED, "number", {"items": count("Items written")}),
                Chart("Waiting", DELIVERIES, "number", {"waiting": count("Deliveries waiting")}, "state: pending"),
                Chart("Failed", DELIVERIES, "number", {"failed": count("Deliveries given up")}, "state: failed"),
            ),
        ),
        (
            14,
            (
                Chart(
                    "Items written, by where they came from",
                    STORED,
                    "bar",
                    {"x": over_time("indexed_at"), "split": top("origin", 5, "items"), "items": count("Items")},
                ),
                Chart(
                    "Deliveries by state",
                    DELIVERIES,
                    "bar",
                    {"x": over_time("created_at"), "split": top("state", 5, "alerts"), "alerts": count("Deliveries")},
                ),
            ),
        ),
        (
            12,
            (
                Chart(
                    "Relevant or not",
                    STORED,
                    "donut",
                    {"split": top("relevant", 2, "items"), "items": count("Items")},
                ),
                Chart(
                    "Gazetteers in use",
                    STORED,
                    "table",
                    {
                        "version": top("gazetteer_version", 10, "items"),
                        "items": count("Items"),
                        "last": highest("indexed_at", "Last stored"),
                    },
                ),
                Chart(
                    "Deliveries by endpoint",
                    DELIVERIES,
                    "table",
                    {
                        "endpoint": top("endpoint_id", 20, "alerts"),
                        "alerts": count("Deliveries"),
                        "waiting": count("Waiting", "state: pending"),
                        "failed": count("Given up", "state: failed"),
                        "late": count("Late", "late: true"),
                        "oldest": lowest("created_at", "Owed longest", "state: pending"),
                        "settled": highest("settled_at", "Last settled"),
                    },
                ),
            ),
        ),
        (14, (SavedSearch(searches.NEARLY),)),
    ),
)

ALL: Final = (COVERAGE, COUNTRIES, CONTRIBUTORS, NAMES, STORIES, FEED_HEALTH, PIPELINE)
