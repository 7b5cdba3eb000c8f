"""How far a target is, or a whole execution (rest contract 3.8)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from plexsphere.policy.domain.actions.errors import InvalidReport


class TargetStatus(StrEnum):
    """`started` is in the contract's words; no agent of plexd.md tells it of a single target."""

    PENDING = "pending"
    ACK = "ack"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


TERMINAL: Final = frozenset(
    {TargetStatus.SUCCEEDED, TargetStatus.FAILED, TargetStatus.CANCELLED, TargetStatus.TIMEOUT}
)
OPEN: Final = frozenset(TargetStatus) - TERMINAL

# plexd.md has success, failure, timeout and cancelled; agents in the field say failed and error, too.
REPORTED: Final[Mapping[str, TargetStatus]] = {
    "success": TargetStatus.SUCCEEDED,
    "failure": TargetStatus.FAILED,
    "failed": TargetStatus.FAILED,
    "error": TargetStatus.FAILED,
    "timeout": TargetStatus.TIMEOUT,
    "cancelled": TargetStatus.CANCELLED,
}


def reported_status(word: str) -> TargetStatus:
    """
    Return what an agent means that ends an action with this word.

    Raises:
        InvalidReport: no agent says so.
    """
    status = REPORTED.get(word)
    if status is None:
        raise InvalidReport
    return status
