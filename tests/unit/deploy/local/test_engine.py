"""Why the engine died, from the virtual machine's own log of exceptions."""

from pathlib import Path

import pytest

from deploy.local import engine

# As a Java 25 virtual machine wrote it with -Xlog:exceptions=info, shortened.
LOG = """\
Exception <a 'sun/nio/fs/UnixException'{0x00000000ff9adab0}> (0x00000000ff9adab0)
thrown [src/hotspot/share/prims/jni.cpp, line 520]
Exception <a 'java/lang/NoSuchMethodError'{0x00000000ff752ba8}: 'void java.lang.Object.x()'> (0x00000000ff752ba8)
Exception <a 'java/io/IOException'{0x00000000ff6d}: long ago>
Exception <a 'org/apache/lucene/index/CorruptIndexException'{0x00000000ff666080}: bad header (path="segments_6")>
 thrown in interpreter method <{method} {0x00007faa7443b030} '<init>' '()V' in 'org/opensearch/node/Node'>
Exception <a 'org/apache/lucene/index/CorruptIndexException'{0x00000000ff666080}: bad header (path="segments_6")>
Exception <a 'org/opensearch/OpenSearchException'{0x00000000ff6ddb50}: failed to bind service>
Exception <a 'org/codelibs/opensearch/runner/OpenSearchRunnerException'{0x00000000ff6e3fb8}: Failed to start node 1>
"""


def test_the_last_different_exceptions_are_told_cause_before_effect() -> None:
    assert engine.last_exceptions(LOG) == [
        'org.apache.lucene.index.CorruptIndexException: bad header (path="segments_6")',
        "org.opensearch.OpenSearchException: failed to bind service",
        "org.codelibs.opensearch.runner.OpenSearchRunnerException: Failed to start node 1",
    ]


@pytest.mark.parametrize(("wanted", "quick"), [(None, True), ("1", False)])
def test_a_quick_start_is_the_default_and_full_speed_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str | None, quick: bool
) -> None:
    monkeypatch.delenv(engine.OPTIMISE, raising=False)
    if wanted:
        monkeypatch.setenv(engine.OPTIMISE, wanted)
    assert set(engine.QUICK).issubset(engine.arguments(tmp_path, 9250, [])) is quick
