"""The first boot of a local deployment: an operator, and a place for nodes to enrol into (design section 3)."""

from dataclasses import dataclass
from typing import Final

from plexsphere.composition.builders.policy import Policy
from plexsphere.composition.builders.tenancy import Tenancy
from plexsphere.identity.domain.domain import DomainDraft
from plexsphere.identity.domain.project import Project, ProjectDraft
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

DEFAULT: Final = "default"
MOST_PROJECTS: Final = 200


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """
    Makes what a new deployment needs: Domain and Project `default`, where everything may talk to everything.

    A deployment that has a Domain keeps what it has. It can be interrupted anywhere and run again.
    """

    unit_of_work: UnitOfWork
    tenancy: Tenancy
    policy: Policy

    async def __call__(self) -> None:
        async with self.unit_of_work():
            if not (await self.tenancy.list_domains(1)).items:
                await self._make_default()
        for project in (await self.tenancy.list_projects(MOST_PROJECTS)).items:
            if project.slug == DEFAULT:
                await self.policy.ensure_default_policy(project.id)

    async def operator_token(self) -> Secret[str]:
        """Mint an operator of the platform and return the token, which is shown this once."""
        return (await self.tenancy.mint_operator()).plaintext

    async def _make_default(self) -> Project:
        domain = await self.tenancy.create_domain(DomainDraft(DEFAULT, "Default"))
        return await self.tenancy.create_project(ProjectDraft(domain.id, DEFAULT, "Default"))
