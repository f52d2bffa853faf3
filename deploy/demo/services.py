"""What the services' processes are told: commands, environment, the list of feeds."""

import os
from collections.abc import Sequence
from pathlib import Path

import yaml

from deploy.demo import render
from deploy.demo.articles import Feed
from deploy.demo.keys import Keys
from deploy.demo.options import DATA, HOST, LOGS, SERVICES, Options
from deploy.demo.processes import Service

INTERVAL_S = 1  # of the demo's own feeds; real ones keep their pace


def services(options: Options, keys: Keys, listed: Path) -> list[Service]:
    """Each with a port of its own for metrics and health. Only loopback addresses of this run are allowed."""
    allowed = [os.environ.get("NEWS_ALLOWED_HOSTS", ""), f"{HOST}:{options.port + 1}"]
    environment = {
        "NEWS_API_PORT": str(options.api_port),
        "NEWS_API_KEYS": keys.api,
        "NEWS_ENCRYPTION_KEYS": keys.encryption,
        "NEWS_LOG_FORMAT": "json",
        "NEWS_PUBLIC_URL": options.api_url,
    }
    if not options.feeds:
        allowed.append(f"{HOST}:{options.port}")
        environment["NEWS_INGEST_HOST_SPACING_S"] = "0"  # all of the demo's feeds are on one host, its own
    environment["NEWS_ALLOWED_HOSTS"] = ",".join(filter(None, allowed))
    arguments = {"ingest": ("--feeds", str(listed))}
    return [
        Service(
            name,
            [*command, *arguments.get(name, ())],
            environment | {"NEWS_METRICS_PORT": str(options.metrics_ports[name])},
            LOGS / f"{name}.log",
        )
        for name, command in SERVICES.items()
    ]


def feeds_file(options: Options, feeds: Sequence[Feed]) -> Path:
    """The list that ingest imports: the demo's, one for a URL, or the file that was named."""
    if options.feeds and "://" not in options.feeds:
        return Path(options.feeds).absolute()
    file = DATA / "demo" / "feeds.yaml"
    listed = yaml.safe_dump({"feeds": [{"url": options.feeds}]}) if options.feeds else ""
    file.write_text(listed or render.feeds_list(feeds, options.feeds_url, INTERVAL_S), encoding="utf-8")
    return file
