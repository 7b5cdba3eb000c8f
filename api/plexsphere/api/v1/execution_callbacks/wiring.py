"""What this surface needs from outside, in its own words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from plexsphere.api.callers import CallingNode

CONTROL_PLANE: Final = "control_plane"


@dataclass(frozen=True, slots=True)
class Trigger:
    """On whose behalf an action ran, as the agent says."""

    type: str = CONTROL_PLANE
    session_id: str = ""
    user_id: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How an action ended, in the agent's words; outputs are as long as they came."""

    status: str
    exit_code: int
    stdout: str
    stderr: str
    duration: str
    finished_at: datetime | None
    triggered_by: Trigger


class ExecutionCallbacks(Protocol):
    """The application behind the surface; an execution of another node is as unknown as none (C06)."""

    async def acknowledge(self, node: CallingNode, execution_id: str, accepted: bool, reason: str, /) -> bool:
        """
        Note whether the node takes the action up, and return whether it is still wanted.

        Raises:
            Refusal: `execution_not_found`.
        """
        ...

    async def report(self, node: CallingNode, execution_id: str, result: Result, /) -> None:
        """
        Note how the action ended; a result that was told before, or comes too late, changes nothing.

        Raises:
            Refusal: `execution_not_found`, or `invalid_body`.
        """
        ...
