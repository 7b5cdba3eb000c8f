"""What nodes send; unknown fields are ignored and null is as good as nothing, for agents differ (design D34)."""

from functools import partial
from typing import Annotated, Final, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(max_length=4096)]
# What a process of Windows ends with is unsigned.
LEAST_EXIT: Final = -(2**31)
BEYOND_EXITS: Final = 2**32
# What it becomes in memory is bounded by whoever reads it.
NOTHING: Final = partial(msgspec.Raw, b"null")


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

    Of each output 64 KiB are kept, of `duration` and each text of `triggered_by` 256 bytes. A `duration` that is no
    text and a `finished_at` that is no RFC 3339 are as good as nothing: agents tell a result once, and neither decides
    anything.
    """

    status: Literal["success", "failure", "timeout", "cancelled", "failed", "error"]
    execution_id: Id | None = None
    exit_code: (
        Annotated[int, msgspec.Meta(ge=LEAST_EXIT, lt=BEYOND_EXITS)]
        | Annotated[float, msgspec.Meta(ge=LEAST_EXIT, lt=BEYOND_EXITS, multiple_of=1)]
        | None
    ) = None
    stdout: str | None = None
    stderr: str | None = None
    duration: Annotated[msgspec.Raw, msgspec.Meta(examples=["1.5s"])] = msgspec.field(default_factory=NOTHING)
    finished_at: Annotated[msgspec.Raw, msgspec.Meta(examples=["2025-01-15T10:30:02Z"])] = msgspec.field(
        default_factory=NOTHING
    )
    triggered_by: TriggeredBy | None = None


class Done(msgspec.Struct, frozen=True):
    """An empty object: agents want JSON in every answer."""
