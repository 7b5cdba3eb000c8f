"""Policy's use cases."""

from dataclasses import dataclass

from plexsphere.composition.bridges.followed_mesh import FollowedMeshBridge
from plexsphere.composition.bridges.mesh_turn import MeshTurnBridge
from plexsphere.composition.bridges.policies import PoliciesBridge
from plexsphere.composition.bridges.policy_history import PolicyHistoryBridge
from plexsphere.composition.bridges.policy_tellings import PolicyTellingsBridge
from plexsphere.composition.bridges.project_homes import ProjectHomesBridge
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.tenancy import Tenancy
from plexsphere.composition.builders.views import Views
from plexsphere.platform.ids import mint_id
from plexsphere.policy.application.create_policy import CreatePolicy
from plexsphere.policy.application.delete_policy import DeletePolicy
from plexsphere.policy.application.diff_policy_revisions import DiffPolicyRevisions
from plexsphere.policy.application.dry_run_policy import DryRunPolicy
from plexsphere.policy.application.ensure_default_policy import EnsureDefaultPolicy
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.application.get_policy_revision import GetPolicyRevision
from plexsphere.policy.application.list_policies import ListPolicies
from plexsphere.policy.application.list_policy_revisions import ListPolicyRevisions
from plexsphere.policy.application.update_policy import UpdatePolicy


@dataclass(frozen=True, slots=True)
class Policy:
    """Network policies."""

    create_policy: CreatePolicy
    update_policy: UpdatePolicy
    delete_policy: DeletePolicy
    dry_run_policy: DryRunPolicy
    get_policy: GetPolicy
    list_policies: ListPolicies
    list_policy_revisions: ListPolicyRevisions
    get_policy_revision: GetPolicyRevision
    diff_policy_revisions: DiffPolicyRevisions
    ensure_default_policy: EnsureDefaultPolicy


def build_policy(platform: PlatformParts, tenancy: Tenancy, views: Views) -> Policy:
    """Return policy, joined to fleet's turn and to identity's Projects."""
    database, policies, visibility = platform.database, views.policies, views.visibility
    homes = ProjectHomesBridge(tenancy.get_project)
    turn = MeshTurnBridge(views.take_turn)
    tellings = PolicyTellingsBridge(platform.inbox)
    clock = platform.clock
    create = CreatePolicy(database, homes, turn, policies, visibility, tellings, clock, mint_id)
    find = GetPolicy(homes, policies)
    find_revision = GetPolicyRevision(find, policies)
    return Policy(
        create_policy=create,
        update_policy=UpdatePolicy(database, find, turn, policies, visibility, tellings, clock, mint_id),
        delete_policy=DeletePolicy(database, find, turn, policies, visibility, tellings),
        dry_run_policy=DryRunPolicy(find, FollowedMeshBridge(views.followed, views.sight), visibility),
        get_policy=find,
        list_policies=ListPolicies(homes, policies),
        list_policy_revisions=ListPolicyRevisions(find, policies),
        get_policy_revision=find_revision,
        diff_policy_revisions=DiffPolicyRevisions(find_revision),
        ensure_default_policy=EnsureDefaultPolicy(homes, policies, create),
    )


def policies_bridged(policy: Policy, platform: PlatformParts) -> PoliciesBridge:
    """Return what answers the surface of policies."""
    return PoliciesBridge(
        platform.database,
        platform.trail,
        policy.list_policies,
        policy.create_policy,
        policy.get_policy,
        policy.update_policy,
        policy.delete_policy,
        policy.dry_run_policy,
        platform.doorways,
    )


def history_bridged(policy: Policy) -> PolicyHistoryBridge:
    """Return what answers for the revisions of policies."""
    return PolicyHistoryBridge(
        policy.list_policy_revisions, policy.get_policy_revision, policy.diff_policy_revisions
    )
