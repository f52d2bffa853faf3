"""The broker's configuration."""

from pathlib import Path

from deploy.local import kafka


def test_every_listener_is_on_loopback() -> None:
    settings = kafka.settings(19092, 20001, Path("/data"))
    assert settings["listeners"] == "BROKER://127.0.0.1:19092,CONTROLLER://127.0.0.1:20001"
    assert settings["advertised.listeners"] == "BROKER://127.0.0.1:19092"


def test_a_path_with_accents_and_backslashes_survives_javas_properties_format() -> None:
    assert kafka.properties({"log.dirs": "/données/\\x/𝄞"}) == "log.dirs=/donn\\u00e9es/\\\\x/\\ud834\\udd1e\n"
