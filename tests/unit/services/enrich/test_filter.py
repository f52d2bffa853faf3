"""`python -m services.enrich tag` as a pipe."""

import base64
import json
import resource
import subprocess
import sys
from pathlib import Path

from schemas import codec
from schemas.messages import DeadLetter, EnrichedItem
from tests.unit.services.enrich.items import raw_item

ROOT = Path(__file__).parents[4]
COMMAND = [sys.executable, "-m", "services.enrich", "tag"]


def line(number: int) -> bytes:
    return codec.encode(raw_item(f"Item {number}: Kenya sent police to Haiti.", language="en"))


def run(data: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], input=data, capture_output=True, cwd=ROOT, timeout=30, check=False)


def test_lines_come_out_tagged_in_the_same_order() -> None:
    done = run(b"\n".join(line(number) for number in range(20)) + b"\n")
    assert (done.returncode, done.stderr) == (0, b"")
    items = [codec.decode(written, EnrichedItem) for written in done.stdout.splitlines()]
    assert [item.text[:8].strip(" :") for item in items] == [f"Item {number}"[:8].strip(" :") for number in range(20)]
    assert {country.code for country in items[0].countries} == {"KE", "HT"}


def test_a_bad_line_is_a_dead_letter_and_the_rest_goes_on() -> None:
    done = run(line(1) + b'\n{"broken\n\n' + line(2) + b"\n")
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 2
    (letter,) = [codec.decode(written, DeadLetter) for written in done.stderr.splitlines()]
    assert (letter.stage, letter.reason, base64.b64decode(letter.value_base64)) == (
        "enrich",
        "undecodable",
        b'{"broken',
    )


def test_files_can_be_named_and_a_missing_one_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_bytes(line(1) + b"\n" + line(2))
    assert len(run(b"", str(tmp_path / "items.jsonl")).stdout.splitlines()) == 2
    missing = run(b"", str(tmp_path / "none.jsonl"))
    assert missing.returncode == 2
    assert b"none.jsonl: No such file" in missing.stderr


def test_each_line_is_answered_before_the_next_is_read() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin
        assert process.stdout
        for number in range(3):
            process.stdin.write(line(number) + b"\n")
            process.stdin.flush()
            assert f"Item {number}" in json.loads(process.stdout.readline())["text"]
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_reader_that_leaves_early_is_no_error() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.close()
        try:
            for number in range(50):
                process.stdin.write(line(number) + b"\n")
                process.stdin.flush()
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.wait(10) == 0


def test_it_starts_in_under_a_second_and_needs_neither_kafka_nor_settings() -> None:
    started = _cpu_of_children_s()
    code = (
        "import sys, runpy\n"
        "sys.argv = ['enrich', 'tag']\n"
        "try:\n    runpy.run_module('services.enrich', run_name='__main__')\n"
        "except SystemExit as left:\n    assert left.code == 0, left.code\n"
        "loaded = {'faust', 'aiokafka', 'pydantic', 'numpy', 'babel', 'structlog'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], input=line(1), check=True, cwd=ROOT, timeout=30, stdout=subprocess.DEVNULL
    )
    assert _cpu_of_children_s() - started < 2, "in CPU, which counts the same on a busy machine: it takes 0.4 s alone"


def _cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_wrong_gazetteer_is_an_error_in_plain_words(tmp_path: Path) -> None:
    done = subprocess.run(
        COMMAND,
        env={"NEWS_ENRICH_GAZETTEER": str(tmp_path)},
        input=b"",
        capture_output=True,
        cwd=ROOT,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert b"gazetteer:" in done.stderr
    assert b"Traceback" not in done.stderr
