"""Actions as nodes announce them (plexd.md, Capability Announcement)."""

from dataclasses import dataclass
from enum import StrEnum


class ActionType(StrEnum):
    """Compiled into the agent, or declared by whoever runs the machine."""

    BUILTIN = "builtin"
    HOOK = "hook"


@dataclass(frozen=True, slots=True)
class ParameterDefinition:
    """
    One parameter as announced.

    `type` is `string`, `bool` or `int`; agents may know others, whose values are taken as they come.
    """

    name: str
    type: str
    required: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class ActionDefinition:
    """
    An action of one node as that node announced it.

    A hook's `name` is bare (`backup`); what it is called on the wire is `wire_name`. `timeout_seconds` None where the
    node announced none; `checksum` is the announced text as it came. `parameters` None where the node did not tell
    which it takes, and empty where it takes none.
    """

    type: ActionType
    name: str
    parameters: tuple[ParameterDefinition, ...] | None = ()
    timeout_seconds: int | None = None
    privileged: bool = False
    source: str = ""
    checksum: str = ""

    @property
    def wire_name(self) -> str:
        """
        Return what the action is called in a request.

        Hooks are `hooks/<name>`; agents whose hooks are of the source `local` know theirs by the bare name.
        """
        if self.type is ActionType.BUILTIN or self.source == "local":
            return self.name
        return f"hooks/{self.name}"
