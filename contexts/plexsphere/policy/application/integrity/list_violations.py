"""Use case: list integrity violations."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import ViolationId
from plexsphere.policy.ports.integrity.violations import ViolationFilter, ViolationPage, Violations


@dataclass(frozen=True, slots=True)
class ListViolations:
    """Return a page of the violations of every Domain that the filter wants, those of nodes that left among them."""

    violations: Violations

    async def __call__(self, wanted: ViolationFilter, after: ViolationId | None, limit: int) -> ViolationPage:
        return await self.violations.page(wanted, after, limit)
