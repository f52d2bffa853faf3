"""The engine goes away under load, comes back, and is too busy. Longer: `python -m bench.index_faults`."""

from bench import index_faults
from bench.index_faults import Plan
from tests.conftest import Servers


async def test_nothing_is_lost_when_the_engine_is_away_and_then_refuses(stack: Servers) -> None:
    """Every item in its last revision, no dead letter, every alert, and those of items that waited marked late."""
    outcome = await index_faults.run(stack.processes, Plan(calm_s=1.0, away_s=8.0, busy_s=2.0, rate=5.0, late_s=4.0))
    assert outcome.wrong == [], str(outcome)
