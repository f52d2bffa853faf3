"""Every setting, by environment variable: prefix NEWS_ and the field's name in capitals.

A class per concern; a process reads those that it needs. The README's table of settings is checked against this file.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, FilePath, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_PREFIXED = SettingsConfigDict(env_prefix="NEWS_", env_ignore_empty=True)


class Kafka(BaseSettings):
    """How to reach the broker."""

    model_config = _PREFIXED
    kafka_bootstrap_servers: str = Field("127.0.0.1:19092", description="Brokers, host:port, comma separated")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How the broker is spoken to"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism, where the protocol has SASL"
    )
    kafka_username: str | None = Field(None, description="SASL user")
    kafka_password: SecretStr | None = Field(None, description="SASL password")
    kafka_ca_file: FilePath | None = Field(
        None, description="CA certificates (PEM) of the broker; default the system's"
    )


class Engine(BaseSettings):
    """How to reach Elasticsearch or OpenSearch."""

    model_config = _PREFIXED
    elasticsearch_url: str = Field("http://127.0.0.1:9250", description="Search engine, URL without credentials")
    elasticsearch_api_key: SecretStr | None = Field(None, description="API key, as the engine encodes it")
    elasticsearch_username: str | None = Field(None, description="User, where there is no API key")
    elasticsearch_password: SecretStr | None = Field(None, description="Password of that user")
    elasticsearch_ca_file: FilePath | None = Field(None, description="CA certificates (PEM) of the engine")
    elasticsearch_timeout_s: float = Field(30.0, gt=0, description="Seconds until a request counts as failed")


class Kibana(BaseSettings):
    """How the set-up step of Kibana's objects reaches Kibana."""

    model_config = _PREFIXED
    kibana_url: str = Field("http://127.0.0.1:5601", description="Kibana, URL with its base path, without credentials")
    kibana_api_key: SecretStr | None = Field(None, description="API key, as the engine encodes it")
    kibana_username: str | None = Field(None, description="User, where there is no API key")
    kibana_password: SecretStr | None = Field(None, description="Password of that user")
    kibana_ca_file: Path | None = Field(None, description="CA certificates (PEM) of Kibana; default the system's")


class Telemetry(BaseSettings):
    """Logs, metrics, liveness."""

    model_config = _PREFIXED
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console on a terminal, JSON lines elsewhere"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged")
    metrics_host: str = Field("127.0.0.1", description="Address that /metrics, /live and /ready listen on")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of /metrics, /live and /ready; 0: off")
    liveness_s: float = Field(120.0, gt=0, description="Seconds without progress after which /live answers 503")


class Outbound(BaseSettings):
    """Requests to addresses that people and feeds give."""

    model_config = _PREFIXED
    allowed_hosts: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description="Inner hosts (host or host:port, comma separated) that feeds and webhooks may name all the same",
    )
    user_agent: str = Field(
        "mss-news-monitor/0.1 (news monitoring; set NEWS_USER_AGENT to name your organisation and a contact)",
        description="User-Agent of polls; name yourself and a contact",
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return frozenset(filter(None, (word.strip() for word in value.split(",")))) if isinstance(value, str) else value


class Ingest(BaseSettings):
    """Polling of feeds."""

    model_config = _PREFIXED
    ingest_interval_s: float = Field(
        180.0, gt=0, description="Seconds between two polls of a feed that asks for nothing"
    )
    ingest_max_interval_s: float = Field(
        900.0, gt=0, description="Seconds to which the interval of a quiet feed stretches"
    )
    ingest_timeout_s: float = Field(20.0, gt=0, description="Seconds for one fetch, redirects included")
    ingest_concurrency: int = Field(64, gt=0, description="Fetches under way at once in one replica")
    ingest_host_spacing_s: float = Field(
        5.0, ge=0, description="Seconds between the starts of two fetches on one host, feeds and pages alike"
    )
    websub_url: str = Field(
        "", description="Address at which hubs reach this service, https://host without a path; empty: no WebSub"
    )
    websub_host: str = Field("127.0.0.1", description="Address that the callback of hubs listens on")
    websub_port: int = Field(8090, ge=1, le=65535, description="Port that the callback of hubs listens on")
    ingest_session_timeout_ms: int = Field(
        10_000, ge=1_000, description="Milliseconds of silence after which a replica's feeds pass to another"
    )


class Enrich(BaseSettings):
    """Tagging."""

    model_config = _PREFIXED
    enrich_gazetteer: Path | None = Field(None, description="Folder of the gazetteer; default the one that ships")
    enrich_threshold: float | None = Field(
        None, ge=0, le=1, description="Relevance from which an item is relevant; default the gazetteer's"
    )


class Index(BaseSettings):
    """Writing, matching and set-up."""

    model_config = _PREFIXED
    index_shards: int = Field(1, gt=0, description="Shards of the news index, chosen when set-up creates it")
    index_replicas: int = Field(0, ge=0, description="Copies of each shard, chosen when set-up creates the index")
    index_batch: int = Field(200, gt=0, le=1_000, description="Items written at once, at most")
    index_late_s: float = Field(600.0, gt=0, description="Seconds from detection after which an alert is marked late")
    kafka_replication: int = Field(1, gt=0, description="Replicas of each topic, chosen when set-up creates it")


class Retention(BaseSettings):
    """How long things are kept, for `python -m services.index retain`."""

    model_config = _PREFIXED
    retain_items_days: int = Field(
        0, ge=0, description="Days after which `retain` deletes an item, from when it was first fetched; 0: kept"
    )
    retain_deliveries_days: int = Field(
        0, ge=0, description="Days after which `retain` deletes a delivery that is settled, 31 at least; 0: kept"
    )


class Snapshots(BaseSettings):
    """Backups of the indices by the engine, which `setup` arranges."""

    model_config = _PREFIXED
    snapshot_repository: str = Field(
        "",
        description="Where the engine keeps snapshots, as JSON, "
        'e.g. `{"type": "fs", "settings": {"location": "/backups"}}`; empty: none',
    )
    snapshot_at: str = Field("01:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="When, each day, UTC")
    snapshot_keep_days: int = Field(30, gt=0, description="Days after which the engine deletes a snapshot")


class Secrets(BaseSettings):
    """What secrets are stored under: those of webhooks, and the credentials of feeds."""

    model_config = _PREFIXED
    encryption_keys: SecretStr = Field(
        SecretStr(""),
        description="Fernet keys that webhooks' secrets and feeds' credentials are stored under, comma separated, the "
        "newest first; the same for ingest, deliver and api; make one with `python -m services.index key`",
    )


class Deliver(BaseSettings):
    """Webhooks."""

    model_config = _PREFIXED
    deliver_timeout_s: float = Field(20.0, gt=0, le=60, description="Seconds for one delivery attempt")
    deliver_concurrency: int = Field(4, gt=0, description="Attempts under way at once to one endpoint")
    deliver_disable_after_h: float = Field(
        120.0, gt=0, description="Hours of failure without a success after which an endpoint is disabled"
    )


class Api(BaseSettings):
    """HTTP API and page."""

    model_config = _PREFIXED
    api_host: str = Field("127.0.0.1", description="Address that the API listens on")
    api_port: int = Field(8080, ge=1, le=65535, description="Port that the API listens on")
    api_keys: SecretStr = Field(
        SecretStr(""),
        description="API keys, comma separated, each `KEY` or `NAME:KEY`; make one with `python -m services.index key`",
    )
    public_url: str = Field(
        "http://127.0.0.1:8080", description="Address of the API as people reach it, for links in alerts"
    )


ALL: tuple[type[BaseSettings], ...] = (
    *(Kafka, Engine, Kibana, Telemetry, Outbound, Ingest, Enrich, Index, Retention, Snapshots, Secrets, Deliver, Api),
)
