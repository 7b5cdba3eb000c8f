"""Use case: let the nodes of the first Project see each other (design section 3)."""

from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from plexsphere.policy.application.create_policy import Created, CreatePolicy
from plexsphere.policy.application.policy_draft import PolicyDraft
from plexsphere.policy.application.wording import RuleWords
from plexsphere.policy.domain.errors import ProjectNotFound
from plexsphere.policy.domain.selector import EVERY_NODE
from plexsphere.policy.ports.policies import Policies
from plexsphere.policy.ports.projects import Projects

SLUG: Final = "default-allow-all"
EVERYWHERE: Final = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class EnsureDefaultPolicy:
    """
    Make `default-allow-all` once in the life of a Project, and return it; one that was removed stays removed.

    Raises:
        ProjectNotFound: there is no such Project.
        PolicySlugTaken: another process boots at this moment and was first: what was wanted is there.
    """

    projects: Projects
    policies: Policies
    create: CreatePolicy

    async def __call__(self, project_id: ProjectId) -> Created | None:
        domain_id = await self.projects.domain_of(project_id)
        if domain_id is None:
            raise ProjectNotFound(project_id)
        if await self.policies.was_ever(domain_id, project_id, SLUG):
            return None
        return await self.create(_allow_all(project_id))


def _allow_all(project_id: ProjectId) -> PolicyDraft:
    return PolicyDraft(
        project_id=project_id,
        slug=SLUG,
        display_name="Everything may talk to everything",
        source_selector=EVERY_NODE,
        destination_selector=EVERY_NODE,
        rules=(RuleWords("allow", "any", EVERYWHERE, EVERYWHERE),),
        author=PLATFORM_OBJECT,
    )
