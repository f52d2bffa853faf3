"""Every metric is named by Prometheus' conventions, explains itself, and is on docs/metrics.md.

Conventions: https://prometheus.io/docs/practices/naming/ (prefix, base units, `_total`).
"""

import ast
import re

import pytest

from services import metrics
from services.metrics import Metric
from tests.conftest import ROOT

BASE_UNITS = ("seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams")
NOT_BASE = re.compile(
    r"_(ms|msec|millis|milliseconds|micros|minutes|hours|days|kb|mb|kilobytes|megabytes|percent)(_|$)"
)
METRICS = metrics.defined()


def called_in_the_code() -> set[str]:
    """The names in calls of prometheus_client's types, wherever they stand."""
    found = set()
    for path in (ROOT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            kind = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if kind in ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum") and isinstance(first, ast.Constant):
                found.add(str(first.value))
    return found


def test_the_page_is_what_the_code_defines() -> None:
    committed = (ROOT / "docs/metrics.md").read_text()
    assert committed == metrics.page(METRICS), "run: python -m services.metrics > docs/metrics.md"


def test_no_metric_hides_inside_a_function() -> None:
    assert {one.name for one in METRICS} == called_in_the_code()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_the_conventions_and_explains_itself(metric: Metric) -> None:
    assert re.fullmatch(r"news(_[a-z]+)+", metric.name)
    assert not NOT_BASE.search(metric.name), "seconds and bytes, not multiples of them"
    assert (metric.type == "counter") == metric.name.endswith("_total")
    assert not metric.name.endswith(("_count", "_sum", "_bucket", "_info"))
    if metric.type in ("histogram", "summary"):
        assert metric.name.endswith(BASE_UNITS), "a distribution names its unit"
    assert re.fullmatch(r"[A-Z][^|\n]{10,}[^.]", metric.help), "one line of words, without a full stop"
    assert not set(metric.labels) & {"le", "quantile", "job", "instance"}
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in metric.labels)
