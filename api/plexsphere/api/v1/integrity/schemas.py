"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.body import KIB, BodyRule
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.integrity import problems
from plexsphere.api.v1.integrity.wiring import ViolationView

LONGEST_REASON: Final = 1024

Kind = Annotated[str, Meta(extra_json_schema={"enum": ["binary", "hook", "host_key"]})]
Status = Annotated[str, Meta(extra_json_schema={"enum": ["open", "acknowledged", "resolved"]})]
# Documented here, refused under a name of its own.
Reason = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_REASON})]


class IntegrityViolation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A violation; `expected` and `observed` are left out where nobody told them."""

    id: UUID
    node_id: UUID
    domain_id: UUID
    project_id: UUID
    kind: Kind
    status: Status
    artifact_id: str
    detected_at: datetime
    detected_by: str
    expected: str | None = None
    observed: str | None = None
    detail: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by_subject: str | None = None
    acknowledge_reason: str | None = None

    @classmethod
    def of(cls, view: ViolationView) -> Self:
        """Show the violation."""
        return cls(
            id=view.id,
            node_id=view.node_id,
            domain_id=view.domain_id,
            project_id=view.project_id,
            kind=view.kind,
            status=view.status,
            artifact_id=view.artifact_id,
            detected_at=view.detected_at,
            detected_by=view.detected_by,
            expected=view.expected or None,
            observed=view.observed or None,
            detail=view.detail or None,
            acknowledged_at=view.acknowledged_at,
            acknowledged_by_subject=view.acknowledged_by or None,
            acknowledge_reason=view.acknowledge_reason or None,
        )


class IntegrityViolationList(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the caller may see of one page; only a page without `next_cursor` is the last."""

    items: list[IntegrityViolation]
    next_cursor: str | None = None


class AcknowledgeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a violation is taken for what it is."""

    reason: Reason


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `AcknowledgeRequest` as it is read: its reason may be anything, for whatever is no reason has one name."""

    reason: Any = None

    def told(self) -> str:
        """
        Return the reason.

        Raises:
            Refusal: `invalid_acknowledge_reason`.
        """
        reason = self.reason
        if not isinstance(reason, str) or not reason.strip() or len(reason) > LONGEST_REASON:
            raise Refusal(problems.INVALID_REASON)
        return reason


class ReportedHere(msgspec.Struct, frozen=True):
    """One thing that an agent found."""

    kind: Annotated[
        str, Meta(extra_json_schema={"enum": ["binary_checksum", "hook_checksum", "ssh_host_key"]})
    ]
    detected_by: Annotated[str, Meta(extra_json_schema={"enum": ["startup_scan", "inotify", "pre_dispatch"]})]
    artifact_id: Annotated[str, Meta(max_length=512)]
    observed_checksum: str | None = None
    expected_checksum: str | None = None
    observed_fingerprint: str | None = None
    expected_fingerprint: str | None = None


class ViolationsReport(msgspec.Struct, frozen=True):
    """What an agent found, at most 128 things at once."""

    violations: (
        Annotated[list[ReportedHere], Meta(extra_json_schema={"minItems": 1, "maxItems": 128})] | None
    ) = None


class ViolationsAccepted(msgspec.Struct, frozen=True):
    """When the report was taken, and how many things it named."""

    accepted_at: datetime
    violation_count: int


class FieldReport(msgspec.Struct, frozen=True):
    """One thing that an agent in the field found; checksums are bare hexadecimal."""

    type: Annotated[str, Meta(extra_json_schema={"enum": ["binary", "hook"]})]
    path: Annotated[str, Meta(max_length=512)]
    expected_checksum: Annotated[str, Meta(max_length=255)] | None = None
    actual_checksum: Annotated[str, Meta(max_length=255)] | None = None
    detail: str | None = None
    timestamp: Any = None


ACKNOWLEDGE: Final = BodyRule(msgspec.json.Decoder(Acknowledgement), cap=8 * KIB)
REPORT: Final = BodyRule(
    msgspec.json.Decoder(ViolationsReport),
    cap=32 * KIB,
    too_large=problems.BODY_TOO_LARGE,
    invalid=problems.MALFORMED,
)
FIELD_REPORT: Final = BodyRule(
    msgspec.json.Decoder(FieldReport), cap=32 * KIB, too_large=problems.BODY_TOO_LARGE
)
