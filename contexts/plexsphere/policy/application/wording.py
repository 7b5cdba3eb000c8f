"""What a policy shall say, in the words of whoever asks for it."""

from dataclasses import dataclass

from plexsphere.policy.domain.errors import InvalidPolicyTest, InvalidRule, PolicyTestFault, RuleFault
from plexsphere.policy.domain.policy import MAX_RULES, PolicySelector, Statement
from plexsphere.policy.domain.policy_test import (
    MAX_TESTS,
    PolicyTest,
    PolicyTestEnd,
    read_expectation,
    read_traffic,
    require_apart,
)
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.selector import Selector


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule in its own words; `ports` is (from, to)."""

    action: str
    protocol: str
    source_cidr: str
    destination_cidr: str
    ports: tuple[int, int] | None = None

    def rule(self) -> Rule:
        """
        Return the rule.

        Raises:
            UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted, InvalidRule
        """
        return Rule.parse(
            action=self.action,
            protocol=self.protocol,
            source_cidr=self.source_cidr,
            destination_cidr=self.destination_cidr,
            ports=self.ports,
        )


@dataclass(frozen=True, slots=True)
class EndWords:
    """An end of a policy test in its own words; one of the two is given."""

    selector: str | None = None
    mesh_ip: str | None = None

    def end(self) -> PolicyTestEnd:
        """
        Return the end.

        Raises:
            SelectorSyntaxError, InvalidPolicyTest
        """
        return PolicyTestEnd.parse(self.selector, self.mesh_ip)


@dataclass(frozen=True, slots=True)
class PolicyTestWords:
    """A policy test in its own words."""

    name: str
    source: EndWords
    destination: EndWords
    protocol: str
    port: int | None
    expect: str

    def test(self) -> PolicyTest:
        """
        Return the test.

        Raises:
            SelectorSyntaxError, UnknownProtocol, InvalidPolicyTest
        """
        return PolicyTest(
            self.name,
            self.source.end(),
            self.destination.end(),
            read_traffic(self.protocol, self.port),
            read_expectation(self.expect),
        )


@dataclass(frozen=True, slots=True)
class Wording:
    """Selectors, rules and tests in their own words; `tests` None keeps those that there are."""

    source_selector: str
    destination_selector: str
    rules: tuple[RuleWords, ...]
    tests: tuple[PolicyTestWords, ...] | None = None

    def read(self) -> Statement:
        """
        Return what the words mean; without tests where they keep those that there are.

        Raises:
            SelectorSyntaxError, UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted,
            InvalidRule, InvalidPolicyTest
        """
        selector = PolicySelector(
            Selector.parse(self.source_selector), Selector.parse(self.destination_selector)
        )
        return Statement(selector, self._rules(), self._tests())

    def _rules(self) -> tuple[Rule, ...]:
        if not self.rules:
            raise InvalidRule(RuleFault.NO_RULES)
        # Reading rules costs more than counting them.
        if len(self.rules) > MAX_RULES:
            raise InvalidRule(RuleFault.TOO_MANY_RULES)
        return tuple(words.rule() for words in self.rules)

    def _tests(self) -> tuple[PolicyTest, ...]:
        words = self.tests or ()
        if len(words) > MAX_TESTS:
            raise InvalidPolicyTest(PolicyTestFault.TOO_MANY_TESTS)
        tests = tuple(each.test() for each in words)
        require_apart(tests)
        return tests
