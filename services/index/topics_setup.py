"""Kafka topics, made as topics.yaml says. Partitions and settings that differ are reported."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas import topics
from schemas.errors import Transient
from services import settings
from services.index.report import Line
from services.kafka import connection, started


async def set_up(*, dry_run: bool, update: bool) -> list[Line]:
    """Create what is missing and return a line for each topic. `update` also changes settings (never partitions)."""
    client = AIOKafkaAdminClient(**connection("index-setup"))
    await started(client)
    try:
        existing = set(await client.list_topics())
        lines = []
        for name, topic in topics.load().items():
            if name in existing:
                lines.append(await _compare(client, name, topic, dry_run=dry_run, update=update))
            else:
                lines.append(await _create(client, name, topic, dry_run=dry_run))
        return lines
    except KafkaError as error:
        raise Transient(f"set-up of topics: {error!r}") from error
    finally:
        await client.close()


async def _create(client: AIOKafkaAdminClient, name: str, topic: topics.Topic, *, dry_run: bool) -> Line:
    if not dry_run:
        replication = settings.Index().kafka_replication
        answer = await client.create_topics(
            [NewTopic(name, topic.partitions, replication, topic_configs=topic.config())], timeout_ms=30_000
        )
        for _, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:  # another set-up was faster
                raise error(f"create topic {name}: {answer.topic_errors}")
    return Line(f"topic {name}", "created", f"{topic.partitions} partitions")


async def _compare(client: AIOKafkaAdminClient, name: str, topic: topics.Topic, *, dry_run: bool, update: bool) -> Line:
    [described] = await client.describe_topics([name])
    partitions = len(described["partitions"])
    found = await _config(client, name, list(topic.config()))
    wrong = {key: value for key, value in topic.config().items() if found.get(key) != value}
    differences = [f"{key}: is {found.get(key)}, should be {value}" for key, value in wrong.items()]
    if partitions != topic.partitions:
        differences.append(
            f"partitions: are {partitions}, should be {topic.partitions} (never changed: keys would move)"
        )
    if not differences:
        return Line(f"topic {name}", "unchanged")
    if update and partitions == topic.partitions:
        if not dry_run:
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=topic.config())])
        return Line(f"topic {name}", "updated", "; ".join(differences))
    return Line(f"topic {name}", "drift", "; ".join(differences))


async def _config(client: AIOKafkaAdminClient, name: str, keys: list[str]) -> dict[str, str]:
    """The topic's settings. An entry of the answer is (name, value, ...)."""
    asked = ConfigResource(ConfigResourceType.TOPIC, name, configs=dict.fromkeys(keys))
    found: dict[str, str] = {}
    for answer in await client.describe_configs([asked]):
        for _code, _message, _type, _name, entries in answer.resources:
            found |= {entry[0]: _text(entry[1]) for entry in entries}
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
