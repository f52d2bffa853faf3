"""The cache of jars: one that is full is used without the network, and damage is noticed."""

import hashlib
import os
from pathlib import Path

import pytest

from deploy.local import LocalStackError, jars


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds the one jar of a lock of its own; returns the jar's path."""
    jar = tmp_path / "mss-news-monitor" / "jars" / "one-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"jar")
    lock = tmp_path / "jars.lock"
    lock.write_text(f'[kafka]\n"org.a:one:1.0" = "{hashlib.sha256(b"jar").hexdigest()}"\n')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(jars, "LOCK_FILE", lock)
    return jar


def test_a_full_cache_is_checked_once_and_then_only_looked_at(cached: Path) -> None:
    said: list[str] = []
    assert jars.class_path("kafka", said.append) == [cached]
    assert said == ["kafka: all 1 jars have their recorded sha256 sums"]
    assert jars.class_path("kafka", said.append) == [cached]
    assert len(said) == 1
    jars.class_path("kafka", said.append, verify=True)
    assert len(said) == 2


def test_a_changed_file_is_noticed_at_the_next_start(cached: Path) -> None:
    jars.class_path("kafka", print)
    cached.write_bytes(b"evil")
    with pytest.raises(LocalStackError, match=f"(?s)org.a:one:1.0.*{hashlib.sha256(b'evil').hexdigest()}.*{cached}"):
        jars.class_path("kafka", print)


def test_a_change_that_size_and_time_hide_is_found_by_verify(cached: Path) -> None:
    jars.class_path("kafka", print)
    before = cached.stat()
    cached.write_bytes(b"raj")
    os.utime(cached, ns=(before.st_atime_ns, before.st_mtime_ns))
    jars.class_path("kafka", print)
    with pytest.raises(LocalStackError, match=r"org\.a:one:1\.0"):
        jars.class_path("kafka", print, verify=True)
