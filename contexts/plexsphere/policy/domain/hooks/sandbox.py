"""How far a hook is kept apart from the machine it runs on (plexd.md, Sandbox Options)."""

from enum import StrEnum
from typing import Final

from plexsphere.policy.domain.errors import InvalidSandbox

# The source of a hook that is an object in a cluster; such a hook always runs in a pod of its own.
CRD: Final = "crd"


class Sandbox(StrEnum):
    """The levels, the widest first."""

    NONE = "none"
    NAMESPACED = "namespaced"
    CONTAINER = "container"

    def is_wider_than(self, other: "Sandbox") -> bool:
        """Tell whether a hook may touch more in this sandbox than in the other."""
        order = list(Sandbox)
        return order.index(self) < order.index(other)


def sandbox(announced: str, source: str) -> Sandbox:
    """
    Return where a hook runs; one that tells nothing runs in a pod of its own if it is a `crd`, else unconfined.

    Raises:
        InvalidSandbox: the text is none of the three.
    """
    if not announced:
        return Sandbox.CONTAINER if source == CRD else Sandbox.NONE
    try:
        return Sandbox(announced)
    except ValueError:
        raise InvalidSandbox from None
