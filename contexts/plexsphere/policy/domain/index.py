"""Who sees whom in one Domain, kept in memory (design D16)."""

from collections.abc import Callable, Iterator

from plexsphere.platform.kernel.ids import NodeId, PolicyId, ProjectId
from plexsphere.policy.domain.changes import Change, PutMember, PutPolicy, RemoveMember, RemovePolicy
from plexsphere.policy.domain.compiled import AgentPolicy, Template
from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.member_class import Seat
from plexsphere.policy.domain.member_trial import Shift
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.domain.project_graph import ProjectGraph
from plexsphere.policy.domain.rule_limit import MOST_RULES
from plexsphere.policy.domain.selector import Selector
from plexsphere.policy.domain.weight import WEIGHT_MASK

NO_RULES_APPLY = bytes(16)
NO_RULES = Template((), is_cut=False)


class VisibilityIndex:
    """
    The members and policies of a Domain, and at any time the consequences of both.

    A change of a member costs the classes it sees; a change of a policy costs the classes its rules pick. Members
    of different Projects never see each other. A node the index does not know sees nobody and has no rules.
    Load policies before members: then no policy has to look for the members it picks. No node gets more than
    `most_rules` compiled rules.
    """

    def __init__(self, most_rules: int = MOST_RULES) -> None:
        self._most_rules = most_rules
        self._graphs: dict[ProjectId, ProjectGraph] = {}
        self._homes: dict[NodeId, ProjectId] = {}
        self._policies: dict[PolicyId, ProjectId] = {}
        self._moment = object()

    def __len__(self) -> int:
        return len(self._homes)

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._homes

    @property
    def moment(self) -> object:
        """Another object after every change, so that what was worked out at the same one still holds."""
        return self._moment

    def member(self, node_id: NodeId) -> Member | None:
        """Return what the index holds of the node, or None."""
        found = self._find(node_id)
        return None if found is None else found[1].member

    def put_member(self, member: Member) -> None:
        """Have the node in the index as this member; it keeps the weight it had, or has 0."""
        self._moment = object()
        weight = self.weight(member.node_id)
        if self._homes.get(member.node_id) != member.project_id:
            self.remove_member(member.node_id)
        self._graph(member.project_id).seat(member, weight)
        self._homes[member.node_id] = member.project_id

    def remove_member(self, node_id: NodeId) -> None:
        """Have the node out of the index, whether or not it was in."""
        self._moment = object()
        found = self._find(node_id)
        if found is not None:
            found[0].unseat(found[1])
            self._prune(self._homes.pop(node_id))

    def put_policy(self, policy: NetworkPolicy) -> None:
        """Have the policy's head in force in its Project, in place of any revision before."""
        self._require_settled(policy)
        self._moment = object()
        self._graph(policy.project_id).apply(policy.id, policy)
        self._policies[policy.id] = policy.project_id

    def remove_policy(self, policy_id: PolicyId) -> None:
        """Have the policy out of force, whether or not it was in."""
        self._moment = object()
        project_id = self._policies.pop(policy_id, None)
        if project_id is not None:
            self._graphs[project_id].apply(policy_id, None)
            self._prune(project_id)

    def preview(self, change: Change) -> Difference:
        """Return what the change would do; the index stays as it is."""
        match change:
            case PutMember(member):
                return self._moved(member.node_id, member)
            case RemoveMember(node_id):
                return self._moved(node_id, None)
            case PutPolicy(policy):
                self._require_settled(policy)
                return self._peek(policy.project_id).differ(policy.id, policy, self.pairs())
            case RemovePolicy(policy_id):
                return self._withdrawn(policy_id)

    def pairs(self) -> int:
        """Return how many pairs of nodes see each other in the Domain."""
        return sum(graph.partition.pairs() for graph in self._graphs.values())

    def sees(self, one: NodeId, other: NodeId) -> bool:
        """Tell whether the two nodes see each other."""
        found, found_other = self._find(one), self._find(other)
        if found is None or found_other is None or found[0] is not found_other[0] or one == other:
            return False
        return bool(found[0].partition.visible(found[1].home) >> found_other[1].home.slot & 1)

    def peers_of(self, node_id: NodeId) -> frozenset[NodeId]:
        """Return the nodes the node sees."""
        found = self._find(node_id)
        if found is None:
            return frozenset()
        partition = found[0].partition
        return frozenset(partition.nodes(partition.visible(found[1].home)) - {node_id})

    def peer_count(self, node_id: NodeId) -> int:
        """Return how many nodes the node sees, without walking them."""
        found = self._find(node_id)
        return 0 if found is None else found[0].partition.peer_count(found[1].home)

    def selected(self, project_id: ProjectId, selector: Selector) -> frozenset[NodeId]:
        """Return the nodes of the Project that the selector means."""
        return frozenset(seat.member.node_id for seat in self._peek(project_id).roster.selected(selector))

    def weight(self, node_id: NodeId) -> int:
        """Return the weight the node was given last, 0 if none."""
        found = self._find(node_id)
        return 0 if found is None else found[1].weight

    def set_weight(self, node_id: NodeId, weight: int) -> None:
        """
        Give the node a weight, taken modulo 2**128: its share of an additive hash.

        Raises:
            LookupError: the index does not know the node.
        """
        found = self._find(node_id)
        if found is None:
            raise LookupError(node_id)
        self._moment = object()
        found[0].partition.weigh(found[1], weight & WEIGHT_MASK)

    def peers_weight(self, node_id: NodeId) -> int:
        """Return the sum of the weights of all nodes the node sees, modulo 2**128, in one step for each class."""
        found = self._find(node_id)
        if found is None:
            return 0
        partition, seat = found[0].partition, found[1]
        visible = partition.visible(seat.home)
        own = seat.weight if visible >> seat.home.slot & 1 else 0
        return (sum(cls.weight for cls in partition.classes(visible)) - own) & WEIGHT_MASK

    def compiled(self, node_id: NodeId) -> tuple[AgentPolicy, ...]:
        """Return the rules that apply to the node, in the agents' form."""
        found = self._find(node_id)
        return () if found is None else found[0].compiled(found[1])

    def template(self, node_id: NodeId) -> tuple[bytes, int, Callable[[], Template]]:
        """
        Return what the node's rules are made of, for who keeps them as text: a digest, its address, the template.

        All nodes of a class share the template; the digest differs whenever it does.
        """
        found = self._find(node_id)
        if found is None:
            return NO_RULES_APPLY, 0, lambda: NO_RULES
        graph, seat = found
        return graph.class_digest(seat), seat.address, lambda: graph.template(seat)

    def fingerprint(self, node_id: NodeId) -> bytes:
        """
        Return 16 bytes that differ whenever the node's compiled rules do, without compiling them.

        They follow from members and policies alone: two processes with the same ones agree.
        """
        found = self._find(node_id)
        return NO_RULES_APPLY if found is None else found[0].fingerprint(found[1])

    def _withdrawn(self, policy_id: PolicyId) -> Difference:
        project_id = self._policies.get(policy_id)
        if project_id is None:
            return Difference.none(self.pairs())
        return self._graphs[project_id].differ(policy_id, None, self.pairs())

    def _moved(self, node_id: NodeId, member: Member | None) -> Difference:
        shifts = list(self._shifts(node_id, member))
        recompiled = frozenset[NodeId]().union(*(shift.recompiled for shift in shifts))
        return Difference.between(
            node_id,
            frozenset[NodeId]().union(*(shift.gained for shift in shifts)),
            frozenset[NodeId]().union(*(shift.lost for shift in shifts)),
            pairs_before=self.pairs(),
            recompiled=recompiled if member else recompiled - {node_id},
        )

    def _shifts(self, node_id: NodeId, member: Member | None) -> Iterator[Shift]:
        source = self._homes.get(node_id)
        if member is not None:
            graph = self._peek(member.project_id)
            yield graph.shift(node_id, graph.place_for(member))
        if source is not None and (member is None or member.project_id != source):
            yield self._peek(source).shift(node_id, None)

    def _find(self, node_id: NodeId) -> tuple[ProjectGraph, Seat] | None:
        project_id = self._homes.get(node_id)
        if project_id is None:
            return None
        graph = self._graphs[project_id]
        seat = graph.roster.get(node_id)
        return None if seat is None else (graph, seat)

    def _graph(self, project_id: ProjectId) -> ProjectGraph:
        if project_id not in self._graphs:
            self._graphs[project_id] = ProjectGraph(self._most_rules)
        return self._graphs[project_id]

    def _peek(self, project_id: ProjectId) -> ProjectGraph:
        return self._graphs.get(project_id) or ProjectGraph(self._most_rules)

    def _prune(self, project_id: ProjectId) -> None:
        if self._graphs[project_id].is_empty:
            del self._graphs[project_id]

    def _require_settled(self, policy: NetworkPolicy) -> None:
        if self._policies.get(policy.id, policy.project_id) != policy.project_id:
            raise ValueError("a policy never changes its project")
