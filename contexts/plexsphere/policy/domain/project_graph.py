"""The members and policies of one Project, kept so that each change costs what it touches."""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import chain

from plexsphere.platform.kernel.ids import NodeId, PolicyId
from plexsphere.policy.domain.aggregate import aggregated, range_count
from plexsphere.policy.domain.compiled import AgentPolicy, Role, Template, Use, addressed, template
from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.domain.live_links import LiveLinks
from plexsphere.policy.domain.lowering import applied
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.member_class import MemberClass, Seat
from plexsphere.policy.domain.member_trial import Place, Shift, shift
from plexsphere.policy.domain.partition import Partition
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.domain.policy_trial import PolicyTrial
from plexsphere.policy.domain.refinement import Cell, cells_of
from plexsphere.policy.domain.roster import Roster
from plexsphere.policy.domain.side import AppliedPolicy, AppliedTest, Side, SideKey
from plexsphere.policy.domain.side_table import SideTable
from plexsphere.policy.domain.trial_cells import TrialCells
from plexsphere.policy.domain.weight import WEIGHT_BITS, WEIGHT_MASK


class ProjectGraph:
    """
    Who sees whom in one Project, and which rules apply to whom.

    `version` moves on with every change that can touch compiled rules; a node gets at most `most_rules` of them.
    """

    def __init__(self, most_rules: int) -> None:
        self._most_rules = most_rules
        self._table = SideTable()
        self._policies: dict[PolicyId, AppliedPolicy] = {}
        self._version = 0
        self.roster = Roster()
        self.partition = Partition(LiveLinks())

    @property
    def is_empty(self) -> bool:
        return not self._policies and not len(self.roster)

    def place_of(self, node_id: NodeId) -> Place | None:
        """Return where the node stands, or None outside of the Project."""
        seat = self.roster.get(node_id)
        return None if seat is None else Place(seat.home.sides, seat.address)

    def place_for(self, member: Member) -> Place:
        """Return where the member would stand."""
        address = int(member.mesh_ip)
        return Place(self._table.of(member.labels, address), address)

    def shift(self, node_id: NodeId, after: Place | None) -> Shift:
        """Return what would change if the node moved to the place."""
        return shift(self.partition, node_id, self.place_of(node_id), after)

    def seat(self, member: Member, weight: int) -> None:
        """Have the member in the Project, whether or not it was, with this weight."""
        seat, place = self.roster.get(member.node_id), self.place_for(member)
        if seat is not None and place == Place(seat.home.sides, seat.address):
            self.roster.relabel(seat, member)
            self.partition.weigh(seat, weight)
            return
        if seat is not None:
            self.unseat(seat)
        seat = Seat(member, _mark(place.address), weight)
        self.roster.add(seat)
        self.partition.admit(seat, place.sides)
        self._count(place.sides, seat.mark)

    def unseat(self, seat: Seat) -> None:
        """Have the member out of the Project."""
        sides = seat.home.sides
        self.partition.dismiss(seat)
        self.roster.remove(seat)
        self._count(sides, -seat.mark)

    def differ(self, policy_id: PolicyId, policy: NetworkPolicy | None, pairs_before: int) -> Difference:
        """Return what would change if the policy had this head, or were gone."""
        standing, fresh = self._policies.get(policy_id), dict[SideKey, Side]()
        if _says(standing) == (policy and policy.head.digest()):
            return Difference.none(pairs_before)
        nothing = AppliedPolicy(policy_id, 0, b"", ())
        after = applied(policy, self._resolver(fresh)) if policy else nothing
        parts = cells_of(self.roster, fresh.values())
        cells = TrialCells(self.partition, parts, frozenset(fresh.values()))
        trial = PolicyTrial(self.partition, cells, standing or nothing, after)
        ranges = self._range_counts(parts, fresh.values())
        return trial.difference(pairs_before, ranges, self._tests_beside(policy_id))

    def apply(self, policy_id: PolicyId, policy: NetworkPolicy | None) -> None:
        """Have the policy say this from now on, or nothing."""
        standing = self._policies.get(policy_id)
        if _says(standing) == (policy and policy.head.digest()):
            return
        if policy is not None:
            self._enforce(policy)
        if standing is not None:
            self._retire(standing)
        self.partition.forget()
        self._version += 1

    def compiled(self, seat: Seat) -> tuple[AgentPolicy, ...]:
        """Return the rules that apply to the member, in the agents' form."""
        return addressed(self.template(seat).entries, seat.address)

    def template(self, seat: Seat) -> Template:
        """Return the rules of the member's class, its own address left open."""
        return template(self._uses(seat.home), self._cidrs, self._most_rules)

    def class_digest(self, seat: Seat) -> bytes:
        """Return 16 bytes that differ whenever the template does."""
        home = seat.home
        if home.digested != self._version:
            home.digest, home.digested = self._digest(home), self._version
        return home.digest

    def fingerprint(self, seat: Seat) -> bytes:
        """Return 16 bytes that differ whenever the member's compiled rules do."""
        return blake2b(seat.address.to_bytes(4, "big") + self.class_digest(seat), digest_size=16).digest()

    def _uses(self, cls: MemberClass) -> Iterator[Use]:
        for side in cls.sides:
            for role, by_policy in ((Role.SOURCE, side.sends), (Role.DESTINATION, side.receives)):
                for policy, links in by_policy.items():
                    yield from (Use(policy, role, link) for link in links)

    def _digest(self, cls: MemberClass) -> bytes:
        parts = sorted(
            b"%b%c%b%b"
            % (use.policy.digest, use.role, _short(use.link.position), _long(use.far_side.addresses))
            for use in self._uses(cls)
        )
        return blake2b(b"".join(parts), digest_size=16).digest()

    def _cidrs(self, side: Side) -> tuple[str, ...]:
        if side.cidrs is None:
            classes = self.partition.classes(side.classes)
            side.cidrs = aggregated(seat.address for cls in classes for seat in cls.members.values())
        return side.cidrs

    def _range_counts(self, parts: Iterable[Cell], fresh: Iterable[Side]) -> Callable[[Side], int]:
        addresses: dict[Side, list[int]] = {side: [] for side in fresh}
        for part in parts:
            for side in part.added:
                addresses[side] += [seat.address for seat in part.seats]
        counted = {side: range_count(each) for side, each in addresses.items()}
        return lambda side: counted[side] if side in counted else len(self._cidrs(side))

    def _count(self, sides: frozenset[Side], mark: int) -> None:
        for side in sides:
            side.addresses = (side.addresses + mark) & WEIGHT_MASK
            side.cidrs = None
        self._version += 1

    def _resolver(self, fresh: dict[SideKey, Side]) -> Callable[[SideKey], Side]:
        def resolve(key: SideKey) -> Side:
            return self._table.get(key) or fresh.setdefault(key, Side(key))

        return resolve

    def _divide(self, fresh: dict[SideKey, Side]) -> None:
        for side in fresh.values():
            self._table.add(side)
        for cell in cells_of(self.roster, fresh.values()):
            self.partition.divide(cell.whole, cell.seats, cell.added)
            mark = sum(seat.mark for seat in cell.seats)
            for side in cell.added:
                side.addresses = (side.addresses + mark) & WEIGHT_MASK

    def _tests_beside(self, policy_id: PolicyId) -> list[AppliedTest]:
        others = (policy for other, policy in self._policies.items() if other != policy_id)
        return [test for policy in others for test in policy.tests]

    def _enforce(self, policy: NetworkPolicy) -> None:
        fresh: dict[SideKey, Side] = {}
        enforced = applied(policy, self._resolver(fresh))
        self._divide(fresh)
        self._policies[policy.id] = enforced
        for link in enforced.links:
            link.source.sends.setdefault(enforced, []).append(link)
            link.destination.receives.setdefault(enforced, []).append(link)
        for test in enforced.tests:
            test.source.tested.add(enforced)
            test.destination.tested.add(enforced)

    def _retire(self, policy: AppliedPolicy) -> None:
        if self._policies[policy.policy_id] is policy:
            del self._policies[policy.policy_id]
        for link in policy.links:
            link.source.sends.pop(policy, None)
            link.destination.receives.pop(policy, None)
        for test in policy.tests:
            test.source.tested.discard(policy)
            test.destination.tested.discard(policy)
        ends = [(link.source, link.destination) for link in policy.links]
        ends += [(test.source, test.destination) for test in policy.tests]
        self._drop(frozenset(side for side in chain.from_iterable(ends) if side.is_idle))

    def _drop(self, idle: frozenset[Side]) -> None:
        self.partition.drop(idle)
        for side in idle:
            self._table.remove(side)


def _says(policy: AppliedPolicy | None) -> bytes | None:
    return policy.digest if policy is not None else None


def _mark(address: int) -> int:
    return int.from_bytes(blake2b(address.to_bytes(4, "big"), digest_size=WEIGHT_BITS // 8).digest(), "big")


def _short(position: int) -> bytes:
    return position.to_bytes(2, "big")


def _long(total: int) -> bytes:
    return total.to_bytes(WEIGHT_BITS // 8, "big")
