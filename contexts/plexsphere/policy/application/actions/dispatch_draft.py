"""An action as somebody wishes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from plexsphere.platform.kernel.ids import NodeId, ProjectId
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.policy.domain.actions.action_name import ActionName
from plexsphere.policy.domain.actions.errors import InvalidIdempotencyKey
from plexsphere.policy.domain.actions.wave_plan import WavePlan

KEY: Final = re.compile(r"[ -~]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DispatchDraft:
    """
    What shall run where: on the node that is named, else on those that the selector means.

    `timeout_seconds` 0 means what each node announced. `body_digest` is what a repeat under the same
    `idempotency_key` must have, too; without a key nothing is remembered.

    Raises:
        InvalidIdempotencyKey: the key is not up to 255 printable ASCII characters.
    """

    project_id: ProjectId
    action: str
    author: Reference
    type: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    timeout_seconds: int = 0
    node_id: NodeId | None = None
    selector: str | None = None
    approve_privileged: bool = False
    waves: WavePlan | None = None
    correlation_id: str | None = None
    idempotency_key: str = ""
    body_digest: bytes = b""

    def __post_init__(self) -> None:
        if self.idempotency_key and KEY.fullmatch(self.idempotency_key) is None:
            raise InvalidIdempotencyKey

    @property
    def name(self) -> ActionName:
        """Return what the action is called."""
        return ActionName.of(self.action, self.type)
