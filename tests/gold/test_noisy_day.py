"""Forty newsrooms tell of one event in four languages, each in its own words: how many calls does that make?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import yaml

from schemas.messages import EnrichedItem
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger
from services.index.alerts import for_receivers
from services.index.deliver import threads, windows
from services.index.deliver.windows import Window
from services.index.timing import Timing
from tests.gold.score import raw_item

BEGAN = datetime(2026, 3, 3, 14, tzinfo=UTC)
TIMING = Timing()


def reports() -> Iterator[EnrichedItem]:
    """Tagged as they would be, a language after the other in turn."""
    told = yaml.safe_load(Path(__file__).with_name("noisy_day.yaml").read_text("utf-8"))
    tagger = Tagger(load())
    in_turn = chain.from_iterable(zip(*([(code, *one) for one in ones] for code, ones in told.items()), strict=True))
    for code, title, text in in_turn:
        yield tagger.tag(raw_item({"id": title, "title": title, "text": text, "language": code}))


def test_40_reports_of_one_event_make_at_most_4_calls_in_45_minutes_and_each_is_told() -> None:
    window, calls, told = Window(endpoint_id="e", search_id="s"), list[datetime](), list[str]()
    arrivals = {BEGAN + timedelta(minutes=n * 44 / 39): report for n, report in enumerate(reports())}
    for second in range(61 * 60):
        now = BEGAN + timedelta(seconds=second)
        window = windows.frozen(window, now)
        if window.closing:
            told += [one.delivery_id for one in window.closing.members]
            calls.append(now)
            window = windows.closed(window, f"follow-up {window.number}", set(), TIMING, now)
        for at in [at for at in arrivals if at <= now]:
            report = arrivals.pop(at)
            assert report.relevant, report.title
            subject = threads.subject_of(for_receivers(report))
            window, why = windows.entered(window, report.title, subject, TIMING, now)
            if why is None:
                told.append(report.title)
                calls.append(now)
    assert len(told) == len(set(told)) == 40
    assert len([at for at in calls if at <= BEGAN + timedelta(minutes=45)]) <= 4
