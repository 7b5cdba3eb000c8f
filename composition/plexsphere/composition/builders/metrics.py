"""What a process tells of itself in numbers (docs/operations/metrics.md)."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from resource import getpagesize
from typing import Final

from plexsphere.composition.artifact_alerts import FAULTS
from plexsphere.composition.builders.surface import Parts, Surface
from plexsphere.platform.db.pool import Pool
from plexsphere.platform.telemetry.exposition import Distribution, Kind, Metric, Sample
from plexsphere.platform.telemetry.traffic import Traffic
from plexsphere.policy.domain.integrity import violation

MEMORY: Final = Path("/proc/self/statm")

Metrics = tuple[Metric | Distribution, ...]


def build_metrics(parts: Parts, surface: Surface) -> Metrics:
    """Return the metrics; each is read when somebody asks, from numbers that are kept anyway."""
    return (
        *_of_events(parts),
        *_of_streams(parts),
        *_of_heartbeats(parts),
        *_of_liveness(parts),
        *_of_requests(surface),
        *_of_connections(parts.platform.traffic),
        *_of_integrity(parts),
        *_of_artifacts(parts),
        *_of_pools(parts),
        *_of_the_process(parts),
    )


def _of_events(parts: Parts) -> Metrics:
    lag, follower = parts.platform.sequencer_lag, parts.views.follower
    return (
        Distribution(
            "plexsphere_frame_latency_seconds",
            "From an event's transaction to a frame of it written, by the database's clock; no replays.",
            parts.platform.frame_latency.histogram,
        ),
        _gauge("plexsphere_sequencer_waiting_rows", "Committed events without an offset.", lambda: lag.rows),
        _gauge(
            "plexsphere_sequencer_oldest_seconds",
            "How long the oldest of them waits.",
            lambda: lag.oldest_seconds,
        ),
        _gauge(
            "plexsphere_view_lag_rows",
            "Rows of the log that this process had not read when it looked last.",
            lambda: follower.lag,
        ),
    )


def _of_streams(parts: Parts) -> Metrics:
    hub = parts.views.hub
    return (
        _gauge("plexsphere_streams_open", "Event streams that this process serves.", lambda: len(hub)),
        Metric(
            "plexsphere_streams_ended_total",
            Kind.COUNTER,
            "Event streams that ended, by the reason.",
            lambda: [({"reason": ending.value}, count) for ending, count in hub.ended.items()],
        ),
        _gauge(
            "plexsphere_stream_queue_rows",
            "Events that wait for readers, over all streams.",
            lambda: hub.queued.rows,
        ),
        _gauge(
            "plexsphere_stream_queue_frames",
            "Frames of these events; 256 on one stream cut it.",
            lambda: hub.queued.frames,
        ),
    )


def _of_heartbeats(parts: Parts) -> Metrics:
    book = parts.fleet.book
    return (
        _counter("plexsphere_heartbeats_received_total", "Heartbeats answered.", lambda: book.received),
        _counter("plexsphere_heartbeats_written_total", "Heartbeats written.", lambda: book.written),
        _gauge(
            "plexsphere_heartbeats_waiting", "Nodes whose heartbeat is not written yet.", lambda: book.waiting
        ),
    )


def _of_liveness(parts: Parts) -> Metrics:
    tally = parts.liveness.sweep.tally
    return (
        Metric(
            "plexsphere_liveness_moves_total",
            Kind.COUNTER,
            "Nodes that this process moved, by what they are now.",
            lambda: [({"to": to}, count) for to, count in sorted(tally.moves.items())],
        ),
        _gauge(
            "plexsphere_liveness_withheld_nodes",
            "Nodes that would be offline and are kept for their peers until an operator confirms.",
            lambda: tally.withheld,
        ),
        _gauge(
            "plexsphere_liveness_guarded_domains",
            "Domains with such nodes.",
            lambda: tally.guarded_domains,
        ),
    )


def _of_requests(surface: Surface) -> Metrics:
    def answers() -> Iterator[Sample]:
        for operation, by_status in sorted(surface.answers.by_operation.items()):
            for status, count in sorted(by_status.items()):
                yield {"operation": operation, "status": str(status)}, count

    about = "Answers, by operation and status."
    return (Metric("plexsphere_requests_total", Kind.COUNTER, about, answers),)


def _of_connections(traffic: Traffic) -> Metrics:
    return (
        _gauge(
            "plexsphere_connections_open", "Connections at this moment.", lambda: traffic.connections_open
        ),
        _counter(
            "plexsphere_connections_refused_total",
            "Connections refused, since there were too many, in all or of one source.",
            lambda: traffic.connections_refused,
        ),
        _counter(
            "plexsphere_accept_pauses_total",
            "Times that the process was out of file descriptors and let nobody in for a moment.",
            lambda: traffic.accept_pauses,
        ),
        Metric(
            "plexsphere_connections_cut_total",
            Kind.COUNTER,
            "Connections ended because the client kept us waiting, by what it owed.",
            lambda: [
                ({"owed": "head"}, traffic.cut_in_head),
                ({"owed": "body"}, traffic.cut_in_body),
                ({"owed": "request"}, traffic.cut_in_silence),
            ],
        ),
        Metric(
            "plexsphere_sheds_total",
            Kind.COUNTER,
            "Requests refused with 503 since there was too much to do, by kind.",
            lambda: [
                ({"kind": "operator"}, traffic.shed_operator),
                ({"kind": "state"}, traffic.shed_state),
                ({"kind": "stream"}, traffic.shed_stream),
            ],
        ),
        _counter(
            "plexsphere_rate_limited_total",
            "Requests refused since who asks is beyond a rate.",
            lambda: traffic.rate_limited,
        ),
    )


def _of_integrity(parts: Parts) -> Metrics:
    counts = parts.hooks.alerts.counts
    return (
        Metric(
            "plexsphere_integrity_violations_total",
            Kind.COUNTER,
            "Integrity violations that this process opened, by what they are of; log lines name the nodes.",
            lambda: [({"kind": kind.value}, counts[kind.value]) for kind in violation.Kind],
        ),
    )


def _of_artifacts(parts: Parts) -> Metrics:
    if parts.artifacts is None:
        return ()
    counts = parts.artifacts.alerts.counts
    return (
        Metric(
            "plexsphere_artifact_faults_total",
            Kind.COUNTER,
            "Binaries that were not handed out, or not taken, by what is wrong with the folder; log lines name them.",
            lambda: [({"fault": fault}, counts[fault]) for fault in FAULTS],
        ),
    )


def _of_pools(parts: Parts) -> Metrics:
    pools = dict(zip(("requests", "backstage"), parts.platform.pools, strict=True))

    def each(read: Callable[[Pool], float]) -> Callable[[], Iterable[Sample]]:
        return lambda: [({"pool": name}, read(pool)) for name, pool in pools.items()]

    def stat(name: str, unit: float = 1) -> Callable[[], Iterable[Sample]]:
        return each(lambda pool: pool.get_stats().get(name, 0) * unit)

    return (
        Metric(
            "plexsphere_pool_connections",
            Kind.GAUGE,
            "Connections to the database, by pool.",
            stat("pool_size"),
        ),
        Metric(
            "plexsphere_pool_connections_in_use",
            Kind.GAUGE,
            "Connections at work.",
            each(lambda pool: _in_use(pool)),
        ),
        Metric(
            "plexsphere_pool_waiting",
            Kind.GAUGE,
            "Callers that wait for a connection.",
            stat("requests_waiting"),
        ),
        Metric(
            "plexsphere_pool_requests_total",
            Kind.COUNTER,
            "Times that a connection was asked for.",
            stat("requests_num"),
        ),
        Metric(
            "plexsphere_pool_waits_total",
            Kind.COUNTER,
            "Times that none was free.",
            stat("requests_queued"),
        ),
        Metric(
            "plexsphere_pool_wait_seconds_total",
            Kind.COUNTER,
            "Time that callers waited.",
            stat("requests_wait_ms", 0.001),
        ),
        Metric(
            "plexsphere_pool_refusals_total",
            Kind.COUNTER,
            "Times that none was to be had in time.",
            stat("requests_errors"),
        ),
    )


def _in_use(pool: Pool) -> float:
    stats = pool.get_stats()
    return max(0, stats["pool_size"] - stats["pool_available"])


def _of_the_process(parts: Parts) -> Metrics:
    return (
        Distribution(
            "plexsphere_loop_delay_seconds",
            "By how much the event loop woke a sleeper late, four times a second.",
            parts.platform.loop_delay.histogram,
        ),
        _counter(
            "plexsphere_process_cpu_seconds_total", "Processor time of this process.", time.process_time
        ),
        Metric(
            "plexsphere_process_resident_memory_bytes",
            Kind.GAUGE,
            "Memory of this process; nothing where the system does not tell.",
            _resident,
        ),
    )


def _resident() -> Iterable[Sample]:
    try:
        pages = int(MEMORY.read_text().split()[1])
    except OSError:
        return ()
    return [({}, pages * getpagesize())]


def _gauge(name: str, about: str, read: Callable[[], float]) -> Metric:
    return Metric(name, Kind.GAUGE, about, lambda: [({}, read())])


def _counter(name: str, about: str, read: Callable[[], float]) -> Metric:
    return Metric(name, Kind.COUNTER, about, lambda: [({}, read())])
