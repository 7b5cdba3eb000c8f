"""What the server was asked, and what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MUTATING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass
class Asked:
    """One request; `outcome` is the status that was sent, 0 while there is none and where none ever came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    outcome: int = 0
    # Whether the object changed by it, whatever was answered.
    has_written: bool = False

    @property
    def manager(self) -> str:
        return self.query.get("fieldManager", "")

    @property
    def is_mutating(self) -> bool:
        return self.method in MUTATING and self.query.get("dryRun") != "All"


@dataclass
class RequestLog:
    """Every request since it was last forgotten, in order of arrival."""

    requests: list[Asked] = field(default_factory=list)

    def mutating(self, manager: str = "") -> list[Asked]:
        """Return the requests that would change something; those of one manager where it is named."""
        return [each for each in self.requests if each.is_mutating and manager in ("", each.manager)]

    def written(self) -> list[Asked]:
        """Return the requests by which something did change."""
        return [each for each in self.requests if each.has_written]

    def forget(self) -> None:
        """Begin anew."""
        self.requests.clear()
