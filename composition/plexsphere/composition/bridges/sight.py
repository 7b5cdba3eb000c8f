"""Fleet's question who sees whom, answered by policy (design D16)."""

import sys
from dataclasses import dataclass

from plexsphere.composition.bridges.rule_texts import RuleTexts
from plexsphere.composition.bridges.sight_changes import sight_change
from plexsphere.fleet.domain.sight_change import SightChange
from plexsphere.fleet.ports.sight import SightedNode
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.domain.changes import PutMember, RemoveMember
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.member import Member
from plexsphere.policy.ports.policies import Policies


@dataclass(frozen=True, slots=True)
class SightBridge:
    """
    Answers fleet's port `Sight`.

    In a Domain that is not followed nobody sees anybody, and no rules are known.
    """

    views: VisibilityViews
    policies: Policies
    texts: RuleTexts

    def put(self, domain_id: DomainId, node: SightedNode, weight: int, /) -> None:
        """Know a node; LookupError where the Domain is not followed."""
        index = self.views.index(domain_id)
        index.put_member(_member(node))
        index.set_weight(node.node_id, weight)

    def remove(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Forget a node that left."""
        self._index(domain_id).remove_member(node_id)

    def sees(self, domain_id: DomainId, one: NodeId, other: NodeId, /) -> bool:
        """Tell whether the pair is visible."""
        return self._index(domain_id).sees(one, other)

    def peers_of(self, domain_id: DomainId, node_id: NodeId, /) -> frozenset[NodeId]:
        """Return whom the node sees."""
        return self._index(domain_id).peers_of(node_id)

    def moment(self, domain_id: DomainId, /) -> object:
        """Return what stands for all that the index holds now."""
        return self._index(domain_id).moment

    def peers_weight(self, domain_id: DomainId, node_id: NodeId, /) -> int:
        """Return the sum of the weights of whom the node sees."""
        return self._index(domain_id).peers_weight(node_id)

    def would_see(self, domain_id: DomainId, node: SightedNode, /) -> frozenset[NodeId]:
        """Return whom the node would see if it were as given."""
        index = self._index(domain_id)
        changes = index.preview(PutMember(_member(node))).by_recipient(sys.maxsize)
        peers = index.peers_of(node.node_id)
        for each in changes:
            if each.node_id == node.node_id:
                return (peers - each.lost) | each.gained
        return peers

    def would_change(self, domain_id: DomainId, node: SightedNode, /) -> SightChange:
        """Return what would change for everybody if the node were as given."""
        return sight_change(self._index(domain_id).preview(PutMember(_member(node))))

    def would_leave(self, domain_id: DomainId, node_id: NodeId, /) -> SightChange:
        """Return what would change for everybody if the node left."""
        return sight_change(self._index(domain_id).preview(RemoveMember(node_id)))

    async def refresh(self, domain_id: DomainId, revision: int, /) -> None:
        """Read what changed behind the revision, and behind what the index knows where that is less."""
        # A view of nodes may have moved past a change of policies whose row has yet to come.
        since = min(revision, self.views.revision(domain_id))
        self.views.put(domain_id, await self.policies.changed(domain_id, since))

    def rules(self, domain_id: DomainId, node_id: NodeId, /) -> str:
        """Return the JSON array of the policies the node enforces."""
        return self.texts.of(*self._index(domain_id).template(node_id))

    def rules_tag(self, domain_id: DomainId, node_id: NodeId, /) -> bytes:
        """Return the fingerprint of the node's rules."""
        return self._index(domain_id).fingerprint(node_id)

    def _index(self, domain_id: DomainId) -> VisibilityIndex:
        index = self.views.loaded(domain_id)
        return VisibilityIndex() if index is None else index


def _member(node: SightedNode) -> Member:
    return Member(node.node_id, node.project_id, node.labels, node.mesh_ip)
