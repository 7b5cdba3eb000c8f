"""Metrics, logs and audit events (plexd.md, Observability)."""

from typing import Any

import msgspec


class Metric(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measurement of a group; the fields of `data` depend on the group."""

    timestamp: str
    group: str
    data: dict[str, Any]
    peer_id: str | None = None


class LogLine(msgspec.Struct, frozen=True):
    """One line of a log."""

    timestamp: str
    source: str
    unit: str
    message: str
    severity: str
    hostname: str


class AuditEvent(msgspec.Struct, frozen=True):
    """One event of an audit source on the node."""

    timestamp: str
    source: str
    event_type: str
    subject: Any
    object: Any
    action: str
    result: str
    hostname: str
    raw: str
