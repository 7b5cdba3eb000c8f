"""Use case: find a violation by its id alone."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import ViolationId
from plexsphere.policy.domain.integrity.violation import Violation
from plexsphere.policy.ports.integrity.violations import Violations


@dataclass(frozen=True, slots=True)
class FindViolation:
    """Return the violation, or None: who asks decides what the caller may learn of it."""

    violations: Violations

    async def __call__(self, violation_id: ViolationId) -> Violation | None:
        return await self.violations.find(violation_id)
