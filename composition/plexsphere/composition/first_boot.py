"""The first boot of a local deployment: an operator, and a place for nodes to enrol into (design section 3)."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.composition.builders.policy import Policy
from plexsphere.composition.builders.tenancy import Tenancy
from plexsphere.identity.domain.domain import Domain, DomainDraft
from plexsphere.identity.domain.errors import DomainSlugConflict
from plexsphere.identity.domain.project import Project, ProjectDraft
from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, domain_object, project_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.domain.errors import PolicySlugTaken

DEFAULT: Final = "default"
PAGE: Final = 200
BEFORE_DEFAULT: Final = (DEFAULT, ProjectId(UUID(int=0)))


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """
    Makes what a new deployment needs: Domain and Project `default`, where everything may talk to everything.

    A deployment that has a Domain keeps what it has. It can be interrupted anywhere and run again, and several
    processes may run it at once. Whatever it makes is written down as the platform's own deed (design D33).
    """

    unit_of_work: UnitOfWork
    trail: AuditTrail
    tenancy: Tenancy
    policy: Policy

    async def __call__(self) -> None:
        # Another process may boot at this moment and be first: what was wanted is there then.
        with suppress(DomainSlugConflict):
            await self._ensure_domain()
        project = await self._default_project()
        if project is not None:
            with suppress(PolicySlugTaken):
                await self._ensure_policy(project.id)

    async def operator_token(self) -> Secret[str]:
        """Mint an operator of the platform and return the token, which is shown this once."""
        return (await self.tenancy.mint_operator()).plaintext

    async def _ensure_domain(self) -> None:
        async with self.unit_of_work():
            if not (await self.tenancy.list_domains(1)).items:
                domain = await self.tenancy.create_domain(DomainDraft(DEFAULT, "Default"))
                self._record("domain.create", None, domain_object(domain.id))
                project = await self.tenancy.create_project(ProjectDraft(domain.id, DEFAULT, "Default"))
                self._record("project.create", domain.id, project_object(project.id))

    async def _ensure_policy(self, project_id: ProjectId) -> None:
        async with self.unit_of_work():
            created = await self.policy.ensure_default_policy(project_id)
            if created is not None:
                policy = str(created.policy.id)
                self._record("policy.create", created.domain_id, project_object(project_id), policy=policy)

    def _record(self, relation: str, chain: DomainId | None, about: Reference, **context: str) -> None:
        self.trail.record(AuditEntry(chain, str(PLATFORM_OBJECT), relation, about, caveat_context=context))

    async def _default_project(self) -> Project | None:
        domain = await self._default_domain()
        if domain is None:
            return None
        page = await self.tenancy.list_projects(1, domain.id, BEFORE_DEFAULT)
        return next((project for project in page.items if project.slug == DEFAULT), None)

    async def _default_domain(self) -> Domain | None:
        after, more = "", True
        while more:
            page = await self.tenancy.list_domains(PAGE, after)
            for domain in page.items:
                if domain.slug == DEFAULT:
                    return domain
            after, more = page.items[-1].slug if page.items else "", page.more
        return None
