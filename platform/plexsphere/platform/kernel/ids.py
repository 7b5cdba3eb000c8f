"""Identifiers every context speaks (design D1)."""

import re
from typing import Final, NewType, Protocol
from uuid import UUID

DomainId = NewType("DomainId", UUID)
ProjectId = NewType("ProjectId", UUID)
NodeId = NewType("NodeId", UUID)
PrincipalId = NewType("PrincipalId", UUID)
PolicyId = NewType("PolicyId", UUID)
TokenId = NewType("TokenId", UUID)
PushId = NewType("PushId", UUID)
ExecutionId = NewType("ExecutionId", UUID)
ViolationId = NewType("ViolationId", UUID)

_CANONICAL: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class MintsIds(Protocol):
    """The source of new ids; tests choose their own."""

    def __call__(self) -> UUID:
        """Return a UUIDv7 that was never returned before."""
        ...


def parse_id(text: str) -> UUID:
    """
    Read an id from a path or a query, in either case and of any version.

    Raises:
        ValueError: not the 36-character form, or the nil id (design D1).
    """
    if _CANONICAL.fullmatch(text) is None:
        raise ValueError("not the 36-character form of an id")
    parsed = UUID(text)
    if parsed.int == 0:
        raise ValueError("the nil id names nothing")
    return parsed
