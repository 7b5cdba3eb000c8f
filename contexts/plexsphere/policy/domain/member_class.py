"""Members of one Project that every rule treats alike."""

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.side import Side


class Seat:
    """A member's place in a class; `mark` is its address's share of a side's sum."""

    __slots__ = ("address", "home", "mark", "member", "weight")

    home: "MemberClass"

    def __init__(self, member: Member, mark: int, weight: int) -> None:
        self.member = member
        self.address = int(member.mesh_ip)
        self.mark = mark
        self.weight = weight


class MemberClass:
    """
    The members picked by exactly the same sides.

    `slot` is the class's place in sets of classes and is used again after it is gone. `weight` is the sum of its
    members' weights modulo 2**128. `visible` is the set of slots its members see, or None until somebody asks.
    `digest` is what applies to each of its members, as of version `digested` of the Project.
    """

    __slots__ = ("digest", "digested", "members", "sides", "slot", "visible", "weight")

    def __init__(self, slot: int, sides: frozenset[Side]) -> None:
        self.slot = slot
        self.sides = sides
        self.members: dict[NodeId, Seat] = {}
        self.weight = 0
        self.visible: int | None = None
        self.digest = b""
        self.digested = -1
