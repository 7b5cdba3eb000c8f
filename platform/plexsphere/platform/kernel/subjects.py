"""Who acts and on what, in the authorizer's words (design D12)."""

import re
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from plexsphere.platform.kernel.ids import parse_id

PLATFORM: Final = "plexsphere"

_TYPE: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A `type:id` pair: `user:<uuid>`, `service-identity:<uuid>`, `domain:<uuid>`, `platform:plexsphere`."""

    type: str
    id: str

    def __post_init__(self) -> None:
        if _TYPE.fullmatch(self.type) is None:
            raise ValueError("the type of a reference is a lower-case word")
        if self.id != PLATFORM and str(parse_id(self.id)) != self.id:
            raise ValueError("the id of a reference is canonical")

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `type:id`; a UUID may come in either case.

        Raises:
            ValueError: anything else.
        """
        kind, colon, name = text.partition(":")
        if not colon:
            raise ValueError("a reference is type:id")
        return cls(kind, name if name == PLATFORM else str(parse_id(name)))


PLATFORM_OBJECT: Final = Reference("platform", PLATFORM)


def domain_object(domain_id: UUID) -> Reference:
    """Return `domain:<uuid>`."""
    return Reference("domain", str(domain_id))


def project_object(project_id: UUID) -> Reference:
    """Return `project:<uuid>`."""
    return Reference("project", str(project_id))


def node_object(node_id: UUID) -> Reference:
    """Return `node:<uuid>`."""
    return Reference("node", str(node_id))
