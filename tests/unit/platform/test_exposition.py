"""Metrics as a Prometheus server reads them."""

import re
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.platform.telemetry.exposition import Distribution, Kind, Metric, exposition
from plexsphere.platform.telemetry.histogram import Histogram

LINE: Final = re.compile(r'([a-z_]+)(?:\{([a-z]+)="((?:[^"\\\n]|\\["\\n])*)"\})? (\S+)')


def test_a_page_has_the_kind_of_each_metric_and_a_line_for_each_sample() -> None:
    streams = Metric(
        "streams_total",
        Kind.COUNTER,
        "Streams.",
        lambda: [({"reason": "replaced"}, 2), ({"reason": "ended"}, 0)],
    )
    memory = Metric("memory_bytes", Kind.GAUGE, "Memory.", lambda: [({}, 1.5)])

    assert exposition([streams, memory]) == (
        "# HELP streams_total Streams.\n"
        "# TYPE streams_total counter\n"
        'streams_total{reason="replaced"} 2\n'
        'streams_total{reason="ended"} 0\n'
        "# HELP memory_bytes Memory.\n"
        "# TYPE memory_bytes gauge\n"
        "memory_bytes 1.5\n"
    )


@given(st.lists(st.floats(0, 10), max_size=50))
def test_a_bucket_counts_whatever_is_not_above_its_bound(values: list[float]) -> None:
    histogram = Histogram([0.5, 2, 8])
    for value in values:
        histogram.record(value)

    lines = exposition([Distribution("wait_seconds", "Wait.", histogram)]).splitlines()[2:]

    found = {(name, bound): float(value) for name, _, bound, value in map(_parts, lines)}
    for bound in (0.5, 2.0, 8.0):
        assert found["wait_seconds_bucket", str(bound)] == sum(value <= bound for value in values)
    assert found["wait_seconds_bucket", "+Inf"] == found["wait_seconds_count", ""] == len(values)
    assert found["wait_seconds_sum", ""] == sum(values)


@given(st.text())
def test_no_label_breaks_out_of_its_line(text: str) -> None:
    metric = Metric("found", Kind.GAUGE, "Found.", lambda: [({"name": text}, 1)])

    _, _, line, rest = exposition([metric]).split("\n", 3)

    assert rest == ""
    _, _, escaped, _ = _parts(line)
    unescaped = re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), escaped)
    assert unescaped == text


def _parts(line: str) -> tuple[str, str, str, str]:
    match = LINE.fullmatch(line)
    assert match is not None
    name, label, text, value = match.groups(default="")
    return name, label, text, value
