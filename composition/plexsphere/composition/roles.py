"""What a process of the control plane does (design section 3)."""

from enum import Enum
from typing import Final


class Role(Enum):
    """One of the parts that processes share among them; a deployment needs each of them somewhere."""

    API = "api"
    STREAMS = "streams"
    SEQUENCER = "sequencer"


Roles = frozenset[Role]

EVERY_ROLE: Final[Roles] = frozenset(Role)
NAMES: Final = ",".join(role.value for role in Role)


def parse_roles(text: str) -> Roles:
    """
    Return the roles of a list such as `api,streams`.

    Raises:
        ValueError: one of them is no role, or there is none; the message says which there are.
    """
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in {role.value for role in Role}]
    if unknown:
        raise ValueError(f"there is no role {unknown[0]!r}; name some of {NAMES}")
    return frozenset(map(Role, names))


def named(roles: Roles) -> str:
    """Return the roles as they are written, in their own order."""
    return ",".join(role.value for role in Role if role in roles)
