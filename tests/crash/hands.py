"""What every deed needs: somebody to ask, names that nobody else has, and a chance of its own."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from tests.crash.journal import Journal
from tests.crash.town import Town
from tests.support.raw_http import RawAnswer

T = TypeVar("T")
Deed = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Hands:
    """One run's chance and names, and its way to the servers."""

    town: Town
    domain_id: str
    project_id: str
    chance: random.Random
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def journal(self) -> Journal:
        return self.town.journal

    @property
    def project(self) -> str:
        return f"/v1/projects/{self.project_id}"

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
        expected: Sequence[int] = (200, 201, 204),
    ) -> RawAnswer | None:
        """Ask either server, as the operator unless another token, or an empty one, is given."""
        return await self.town.ask(self.chance, method, path, body, token, expected)

    def taken(self, pool: list[T]) -> T | None:
        """Take something out of a pool: until it is put back it is nobody else's."""
        return pool.pop(self.chance.randrange(len(pool))) if pool else None

    def name(self, kind: str) -> str:
        """Return a name that nothing else has."""
        return f"{kind}-{next(self.numbers)}"
