"""What nodes send; unknown fields are ignored and null is as good as nothing, for agents differ (design D34)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(max_length=4096)]


class AcknowledgementRequest(msgspec.Struct, frozen=True):
    """Whether the node takes the action up; an empty `execution_id` means the path's; 1 KiB of `reason` is kept."""

    status: Literal["accepted", "rejected"]
    execution_id: Id | None = None
    reason: str | None = None


class AcknowledgementAnswer(msgspec.Struct, frozen=True):
    """Whether the action is still wanted: where it is not, running it changes nothing any more."""

    proceed: bool


class TriggeredBy(msgspec.Struct, frozen=True):
    """On whose behalf the action ran; `type` is control_plane, session, direct_access or local_emergency."""

    type: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    email: str | None = None


class ResultRequest(msgspec.Struct, frozen=True):
    """
    How an action ended; failed and error mean failure, and NUL in the outputs is read as U+FFFD.

    Of each output 64 KiB are kept, of `duration` and each text of `triggered_by` 256 bytes.
    """

    status: Literal["success", "failure", "timeout", "cancelled", "failed", "error"]
    execution_id: Id | None = None
    exit_code: Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**32)] | None = None
    stdout: str | None = None
    stderr: str | None = None
    duration: str | None = None
    finished_at: datetime | None = None
    triggered_by: TriggeredBy | None = None


class Done(msgspec.Struct, frozen=True):
    """An empty object: agents want JSON in every answer."""
