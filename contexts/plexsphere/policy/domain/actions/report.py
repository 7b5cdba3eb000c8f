"""What an agent reports of an action that it ran (plexd.md, Execution Flow & Callback)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from plexsphere.policy.domain.actions.errors import InvalidReport
from plexsphere.policy.domain.actions.status import TERMINAL, TargetStatus

MOST_OUTPUT: Final = 64 * 1024
MOST_WORD: Final = 256
MOST_EXIT_CODE: Final = 2**31


def cut(text: str, most: int) -> str:
    """
    Return the text as it is stored: at most so many bytes of UTF-8, no character halved, and U+FFFD for NUL.

    What a text cannot hold in UTF-8 becomes a question mark.
    """
    stored = text[:most].replace("\0", "�").encode("utf-8", "replace")
    return stored[:most].decode("utf-8", "ignore")


class Origin(StrEnum):
    """What let an action run (plexd.md, Authorization Tiers)."""

    CONTROL_PLANE = "control_plane"
    SESSION = "session"
    DIRECT_ACCESS = "direct_access"
    LOCAL_EMERGENCY = "local_emergency"


LOCAL: Final = frozenset({Origin.SESSION, Origin.DIRECT_ACCESS, Origin.LOCAL_EMERGENCY})


@dataclass(frozen=True, slots=True)
class TriggeredBy:
    """Who or what let the action run, as the agent says; each text at most 256 bytes long."""

    type: str = Origin.CONTROL_PLANE
    session_id: str = ""
    user_id: str = ""
    email: str = ""

    def __post_init__(self) -> None:
        for name in ("type", "session_id", "user_id", "email"):
            object.__setattr__(self, name, cut(getattr(self, name), MOST_WORD))

    @property
    def is_local(self) -> bool:
        """Tell whether the control plane need not have dispatched it."""
        return self.type in LOCAL


@dataclass(frozen=True, slots=True)
class Report:
    """
    A result as it is kept: outputs of at most 64 KiB each.

    `duration` is Go text such as `2.34s`, `finished_at` the agent's own clock: both are told, neither decides
    anything (design D2).

    Raises:
        InvalidReport: the status is none that an action ends with, or the exit code none of any system.
    """

    status: TargetStatus
    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""
    duration: str = ""
    finished_at: datetime | None = None
    triggered_by: TriggeredBy = TriggeredBy()

    def __post_init__(self) -> None:
        if self.status not in TERMINAL or not -MOST_EXIT_CODE <= self.exit_code < 2 * MOST_EXIT_CODE:
            raise InvalidReport
        object.__setattr__(self, "stdout", cut(self.stdout, MOST_OUTPUT))
        object.__setattr__(self, "stderr", cut(self.stderr, MOST_OUTPUT))
        object.__setattr__(self, "duration", cut(self.duration, MOST_WORD))
