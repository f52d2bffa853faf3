"""The schedule of snapshots, as each engine wants it. That of Elasticsearch has not met a server here."""

from services.engine.snapshots import Schedule, policy

SCHEDULE = Schedule(repository="news", indices="news*", hour=1, minute=30, keep_days=30)


def test_elasticsearch_has_seconds_in_its_cron_and_a_name_with_the_date() -> None:
    assert policy(SCHEDULE, is_opensearch=False) == {
        "schedule": "0 30 1 * * ?",
        "name": "<news-{now/d}>",
        "repository": "news",
        "config": {"indices": ["news*"], "include_global_state": False, "partial": False},
        "retention": {"expire_after": "30d", "min_count": 1},
    }


def test_opensearch_has_a_schedule_for_creation_and_one_for_deletion() -> None:
    made = policy(SCHEDULE, is_opensearch=True)
    assert made["creation"]["schedule"] == {"cron": {"expression": "30 1 * * *", "timezone": "UTC"}}
    assert made["deletion"]["condition"] == {"max_age": "30d", "min_count": 1}
    assert made["snapshot_config"]["indices"] == "news*"
