"""Policy's use cases."""

from dataclasses import dataclass

from plexsphere.composition.bridges.mesh_turn import MeshTurnBridge
from plexsphere.composition.bridges.policy_tellings import PolicyTellingsBridge
from plexsphere.composition.bridges.project_homes import ProjectHomesBridge
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.tenancy import Tenancy
from plexsphere.composition.builders.views import Views
from plexsphere.platform.ids import mint_id
from plexsphere.policy.application.create_policy import CreatePolicy
from plexsphere.policy.application.delete_policy import DeletePolicy
from plexsphere.policy.application.ensure_default_policy import EnsureDefaultPolicy
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.application.list_policies import ListPolicies


@dataclass(frozen=True, slots=True)
class Policy:
    """Network policies."""

    create_policy: CreatePolicy
    delete_policy: DeletePolicy
    get_policy: GetPolicy
    list_policies: ListPolicies
    ensure_default_policy: EnsureDefaultPolicy


def build_policy(platform: PlatformParts, tenancy: Tenancy, views: Views) -> Policy:
    """Return policy, joined to fleet's turn and to identity's Projects."""
    database, policies, visibility = platform.database, views.policies, views.visibility
    homes = ProjectHomesBridge(tenancy.get_project)
    turn = MeshTurnBridge(views.take_turn)
    tellings = PolicyTellingsBridge(platform.inbox)
    create = CreatePolicy(database, homes, turn, policies, visibility, tellings, platform.clock, mint_id)
    find = GetPolicy(homes, policies)
    return Policy(
        create_policy=create,
        delete_policy=DeletePolicy(database, find, turn, policies, visibility, tellings),
        get_policy=find,
        list_policies=ListPolicies(homes, policies),
        ensure_default_policy=EnsureDefaultPolicy(homes, policies, create),
    )
