"""Metrics in Prometheus' text format 0.0.4."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from typing import Final

from plexsphere.platform.telemetry.histogram import Histogram

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ESCAPED: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


class Kind(Enum):
    """What a number means: it only grows, or it is what it is now."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """A name with its unit, one line of what it is, and where its samples are read when somebody asks."""

    name: str
    kind: Kind
    about: str
    read: Callable[[], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class Distribution:
    """The same for a histogram."""

    name: str
    about: str
    histogram: Histogram


def exposition(metrics: Iterable[Metric | Distribution]) -> str:
    """Return the page that a Prometheus server reads."""
    return "".join(f"{line}\n" for metric in metrics for line in _lines(metric))


def _lines(metric: Metric | Distribution) -> Iterator[str]:
    kind = "histogram" if isinstance(metric, Distribution) else metric.kind.value
    yield f"# HELP {metric.name} {metric.about}"
    yield f"# TYPE {metric.name} {kind}"
    if isinstance(metric, Distribution):
        yield from _buckets(metric.name, metric.histogram)
        return
    for labels, value in metric.read():
        yield _line(metric.name, labels, value)


def _buckets(name: str, histogram: Histogram) -> Iterator[str]:
    upto = list(accumulate(histogram.counts))
    for bound, count in zip(histogram.bounds, upto, strict=False):
        yield _line(f"{name}_bucket", {"le": repr(float(bound))}, count)
    yield _line(f"{name}_bucket", {"le": "+Inf"}, upto[-1])
    yield _line(f"{name}_sum", {}, histogram.total)
    yield _line(f"{name}_count", {}, upto[-1])


def _line(name: str, labels: Labels, value: float) -> str:
    pairs = ",".join(f'{label}="{text.translate(ESCAPED)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value!r}" if pairs else f"{name} {value!r}"
