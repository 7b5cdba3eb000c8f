"""The audit trail as a port (design D33)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import Reference


class Outcome(StrEnum):
    """How the audited attempt ended."""

    GRANTED = "granted"
    PERMISSION_DENIED = "permission_denied"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    One attempt, as the trail keeps it; never a payload, never a secret.

    `chain` is the Domain whose chain the entry joins, or None for the platform's.
    """

    chain: DomainId | None
    subject: str
    relation: str
    object: Reference
    outcome: Outcome = Outcome.GRANTED
    caveat_context: Mapping[str, int | str] = field(default_factory=dict)
    correlation_id: str = ""


class AuditTrail(Protocol):
    """Where attempts are written down."""

    def record(self, entry: AuditEntry) -> None:
        """
        Keep the entry for the open unit of work: it commits with the mutation, or neither does.

        Raises:
            RuntimeError: no unit of work is open in this task.
        """
        ...
