"""The closed error set of policy."""

from enum import StrEnum

from plexsphere.platform.kernel.ids import NodeId, PolicyId, ProjectId, ViolationId


class PolicyError(Exception):
    """Base of every error this context lets escape."""


class UnknownAction(PolicyError):
    """A rule names an action other than allow, deny and log."""


class UnknownProtocol(PolicyError):
    """A rule names a protocol other than tcp, udp, icmp and any."""


class CidrFamilyMismatch(PolicyError):
    """A rule joins an IPv4 range to an IPv6 range."""


class PortRangeInverted(PolicyError):
    """A rule's port range ends before it starts."""


class SelectorSyntaxError(PolicyError):
    """A selector cannot be read; `position` counts characters from its start."""

    def __init__(self, position: int) -> None:
        super().__init__(f"selector unreadable at character {position}")
        self.position = position


class RuleFault(StrEnum):
    """What is wrong with a rule, or with a list of them."""

    PORTS_REQUIRED = "ports_required"
    PORTS_FORBIDDEN = "ports_forbidden"
    PORT_OUT_OF_RANGE = "port_out_of_range"
    BAD_CIDR = "bad_cidr"
    NO_RULES = "no_rules"
    TOO_MANY_RULES = "too_many_rules"


class InvalidRule(PolicyError):
    """A rule, or a list of rules, broke its shape; `fault` says how."""

    def __init__(self, fault: RuleFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class PolicyTestFault(StrEnum):
    """What is wrong with a policy test, or with a list of them."""

    BAD_NAME = "bad_name"
    NAME_TAKEN = "name_taken"
    BAD_END = "bad_end"
    PORT_MISPLACED = "port_misplaced"
    PORT_OUT_OF_RANGE = "port_out_of_range"
    BAD_EXPECTATION = "bad_expectation"
    TOO_MANY_TESTS = "too_many_tests"


class InvalidPolicyTest(PolicyError):
    """A policy test, or a list of them, broke its shape; `fault` says how."""

    def __init__(self, fault: PolicyTestFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class TooManyPolicyTests(PolicyError):
    """The Project would have more policy tests than are judged with every change (decision 0045)."""

    def __init__(self, tests: int, most: int) -> None:
        super().__init__(f"the project would have {tests} policy tests, and {most} are the most")
        self.tests = tests
        self.most = most


class PolicyTestBroken(PolicyError):
    """By a change, a policy test of the Project would not hold (decision 0045)."""

    def __init__(self, slug: str, name: str) -> None:
        super().__init__(f"a test of policy {slug} would fail")
        self.slug = slug
        self.name = name


class PolicyTestsUnjudged(PolicyError):
    """So many policy tests take too long to judge with this change, which nobody confirmed (decision 0045)."""

    def __init__(self, tests: int) -> None:
        super().__init__(f"{tests} policy tests take too long to judge")
        self.tests = tests


class InvalidSlug(PolicyError):
    """A slug is not a lower-case letter followed by at most 63 of a-z, 0-9 and dash."""


class PolicySlugTaken(PolicyError):
    """The Project has a policy of that slug already."""

    def __init__(self, project_id: ProjectId) -> None:
        super().__init__(f"slug taken in project {project_id}")
        self.project_id = project_id


class PolicyNotFound(PolicyError):
    """There is no such policy, or the caller may not know of it."""

    def __init__(self, policy_id: PolicyId) -> None:
        super().__init__(f"no policy {policy_id}")
        self.policy_id = policy_id


class ProjectNotFound(PolicyError):
    """There is no such Project."""

    def __init__(self, project_id: ProjectId) -> None:
        super().__init__(f"no project {project_id}")
        self.project_id = project_id


class RevisionConflict(PolicyError):
    """A change was written upon another head than the policy has."""

    def __init__(self, policy_id: PolicyId) -> None:
        super().__init__(f"policy {policy_id} has moved on")
        self.policy_id = policy_id


class RevisionNotVisible(PolicyError):
    """The policy has no such revision; one of another policy is not told apart from one that never was."""

    def __init__(self, policy_id: PolicyId) -> None:
        super().__init__(f"policy {policy_id} has no such revision")
        self.policy_id = policy_id


class PolicyTooLarge(PolicyError):
    """A policy would have some node enforce more rules than a node may have to (decision 0035)."""

    def __init__(self, rules: int, most: int) -> None:
        super().__init__(f"a node would have {rules} rules, and {most} are the most")
        self.rules = rules
        self.most = most


class ConfirmationRequired(PolicyError):
    """A change would take away most of what a Domain's nodes see (design D34)."""

    def __init__(self, pairs_lost: int, pairs_before: int) -> None:
        super().__init__(f"{pairs_lost} of {pairs_before} visible pairs would vanish")
        self.pairs_lost = pairs_lost
        self.pairs_before = pairs_before


class InvalidSandbox(PolicyError):
    """A hook's sandbox is none of `none`, `namespaced` and `container` (hardening row M16)."""


class ViolationNotFound(PolicyError):
    """There is no such violation, or the caller may not know of it."""

    def __init__(self, violation_id: ViolationId) -> None:
        super().__init__(f"no integrity violation {violation_id}")
        self.violation_id = violation_id


class IllegalTransition(PolicyError):
    """A violation that is not open cannot be acknowledged."""

    def __init__(self, violation_id: ViolationId) -> None:
        super().__init__(f"integrity violation {violation_id} is not open")
        self.violation_id = violation_id


class NodeNotFound(PolicyError):
    """A node that reported something is no live node any more."""

    def __init__(self, node_id: NodeId) -> None:
        super().__init__(f"no node {node_id}")
        self.node_id = node_id
