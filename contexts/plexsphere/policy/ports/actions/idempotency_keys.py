"""The keys by which a repeated dispatch is known (hardening C27)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, ProjectId


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key of a principal in a Project."""

    domain_id: DomainId
    project_id: ProjectId
    principal: str
    key: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a key stands for: an execution, and the digest of the request that asked for it."""

    execution_id: ExecutionId
    body_digest: bytes


class IdempotencyKeys(Protocol):
    """Remembers keys for a day."""

    async def claim(self, key: IdempotencyKey, claim: Claim, /) -> Claim:
        """
        Return what the key stands for: this claim, unless there was one before.

        Who claims it at the same time waits until the unit of work of the first ended.
        """
        ...

    async def forget(self, older_than: timedelta, most: int, /) -> int:
        """Forget keys; return how many."""
        ...
