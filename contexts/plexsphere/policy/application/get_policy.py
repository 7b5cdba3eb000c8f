"""Use case: show a policy."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.policy.domain.errors import PolicyNotFound
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.ports.policies import Policies
from plexsphere.policy.ports.projects import Projects


@dataclass(frozen=True, slots=True)
class Found:
    """A policy, and the Domain it belongs to."""

    domain_id: DomainId
    policy: NetworkPolicy


@dataclass(frozen=True, slots=True)
class GetPolicy:
    """
    Return a policy of a Project at its head.

    Raises:
        PolicyNotFound: there is none, or it belongs to another Project.
    """

    projects: Projects
    policies: Policies

    async def __call__(self, project_id: ProjectId, policy_id: PolicyId) -> Found:
        domain_id = await self.projects.domain_of(project_id)
        policy = await self.policies.get(domain_id, policy_id) if domain_id else None
        if domain_id is None or policy is None or policy.project_id != project_id:
            raise PolicyNotFound(policy_id)
        return Found(domain_id, policy)
