"""What a hook of a node is held to (design D30)."""

from dataclasses import dataclass, replace
from typing import Self

from plexsphere.policy.domain.hooks.digest import canonical
from plexsphere.policy.domain.hooks.manifest import DeclaredHook
from plexsphere.policy.domain.hooks.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Pin:
    """A hook's digest, where it runs, and whether it has the machine's privileges; `checksum` is empty if untold."""

    checksum: str
    sandbox: Sandbox
    privileged: bool

    @classmethod
    def of(cls, hook: DeclaredHook) -> Self:
        """Return what an announced hook shows."""
        told = hook.definition
        return cls(canonical(told.checksum), hook.sandbox, told.privileged)

    def departs_from(self, baseline: "Pin") -> bool:
        """
        Tell whether this is not what the baseline says: another digest, or one that may touch more (M16).

        A baseline that saw no digest yet takes the first that comes.
        """
        is_other = bool(baseline.checksum) and self.checksum != baseline.checksum
        return is_other or self.is_wider_than(baseline)

    def is_wider_than(self, baseline: "Pin") -> bool:
        """Tell whether a hook may touch more than the baseline lets it."""
        gains_privileges = self.privileged and not baseline.privileged
        return gains_privileges or self.sandbox.is_wider_than(baseline.sandbox)

    def completed_by(self, seen: "Pin") -> "Pin":
        """Return the baseline with the first digest that was seen of it."""
        return self if self.checksum else replace(self, checksum=seen.checksum)
