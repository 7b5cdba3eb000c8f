"""What an action is called."""

from dataclasses import dataclass
from typing import Final

from plexsphere.policy.domain.actions.definition import ActionType

HOOKS: Final = "hooks/"
UPGRADE: Final = "service.upgrade"


@dataclass(frozen=True, slots=True)
class ActionName:
    """An action's type and its bare name; a hook's bare name has no `hooks/` before it."""

    type: ActionType
    bare: str

    @classmethod
    def of(cls, action: str, action_type: str) -> "ActionName":
        """Return what is meant: `hooks/<name>` is a hook unless the type says builtin, a hook may come bare."""
        if action_type == ActionType.HOOK or (not action_type and action.startswith(HOOKS)):
            return cls(ActionType.HOOK, action.removeprefix(HOOKS))
        return cls(ActionType.BUILTIN, action)

    @property
    def is_upgrade(self) -> bool:
        """Tell whether this replaces the agent's binary."""
        return self == ActionName(ActionType.BUILTIN, UPGRADE)

    def __str__(self) -> str:
        return f"{HOOKS}{self.bare}" if self.type is ActionType.HOOK else self.bare
