"""Violations as rows."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId, ViolationId
from plexsphere.policy.domain.hooks.sandbox import Sandbox
from plexsphere.policy.domain.integrity.pin import Pin
from plexsphere.policy.domain.integrity.violation import Detection, Finding, Kind, Status, Violation
from plexsphere.policy.domain.node_place import NodePlace

COLUMNS: Final = """
    id, domain_id, project_id, node_id, kind, artifact_id, status, detected_by, detail, expected, observed,
    observed_sandbox, observed_privileged, detected_at, acknowledged_at, acknowledged_by, acknowledge_reason
"""


def finding_given(violation_id: UUID, finding: Finding) -> dict[str, object]:
    """Return what is stored of a finding."""
    seen = finding.seen
    return {
        "id": violation_id,
        "domain_id": finding.place.domain_id,
        "project_id": finding.place.project_id,
        "node_id": finding.place.node_id,
        "kind": finding.kind,
        "artifact_id": finding.artifact_id,
        "detected_by": finding.detected_by,
        "detail": finding.detail,
        "expected": finding.expected,
        "observed": finding.observed,
        "observed_sandbox": seen.sandbox if seen else None,
        "observed_privileged": seen.privileged if seen else None,
    }


def violation_of(row: Sequence[Any]) -> Violation:
    """Return a stored violation."""
    acknowledged_at, acknowledged_by, reason = row[14:17]
    return Violation(
        id=ViolationId(row[0]),
        finding=_finding(row),
        status=Status(row[6]),
        detected_at=row[13],
        acknowledged_at=acknowledged_at,
        acknowledged_by=acknowledged_by or "",
        acknowledge_reason=reason or "",
    )


def _finding(row: Sequence[Any]) -> Finding:
    observed, sandbox, privileged = row[10:13]
    return Finding(
        NodePlace(DomainId(row[1]), ProjectId(row[2]), NodeId(row[3])),
        Kind(row[4]),
        row[5],
        Detection(row[7]),
        expected=row[9],
        observed=observed,
        detail=row[8],
        seen=None if sandbox is None else Pin(observed, Sandbox(sandbox), privileged),
    )
