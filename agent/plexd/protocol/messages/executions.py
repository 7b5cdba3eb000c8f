"""Actions and what became of them (plexd.md, Action Execution Callbacks)."""

from typing import Any

import msgspec

from plexd.protocol.wire import AwareInstant, NullIsEmpty, fill_nulls


class TriggeredBy(msgspec.Struct, frozen=True):
    """On whose behalf an action ran."""

    type: str = "control_plane"
    session_id: str = ""
    user_id: str = ""
    email: str = ""


class ActionRequest(msgspec.Struct, frozen=True):
    """An action the control plane wants run before `expires_at`; `timeout` such as `30s`."""

    execution_id: str
    action: str
    node_id: str = ""
    type: str = ""
    parameters: NullIsEmpty[dict[str, Any]] = {}
    timeout: str = ""
    checksum: str | None = None
    callback_url: str = ""
    expires_at: AwareInstant | None = None
    triggered_by: TriggeredBy | None = None

    def __post_init__(self) -> None:
        fill_nulls(self, parameters={})


class ActionCancelled(msgspec.Struct, frozen=True):
    """An action that is not wanted any more."""

    execution_id: str


class AcknowledgementAnswer(msgspec.Struct, frozen=True):
    """Whether the action is still wanted; who does not say means that it is."""

    proceed: bool = True


class Acknowledgement(msgspec.Struct, frozen=True):
    """`status` is accepted or rejected; a rejection says why in `reason`."""

    execution_id: str
    status: str
    reason: str = ""


class ExecutionResult(msgspec.Struct, frozen=True):
    """`status` is success, failure, timeout or cancelled; `duration` such as `2.34s`; output at most 64 KiB each."""

    execution_id: str
    status: str
    exit_code: int
    stdout: str
    stderr: str
    duration: str
    finished_at: str
    triggered_by: TriggeredBy = TriggeredBy()
