"""What a policy shall say, in the words of whoever asks for it."""

from dataclasses import dataclass

from plexsphere.policy.domain.errors import InvalidRule, RuleFault
from plexsphere.policy.domain.policy import MAX_RULES, PolicySelector, Statement
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
class Wording:
    """Selectors and rules in their own words."""

    source_selector: str
    destination_selector: str
    rules: tuple[RuleWords, ...]

    def read(self) -> Statement:
        """
        Return what the words mean.

        Raises:
            SelectorSyntaxError, UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted,
            InvalidRule
        """
        selector = PolicySelector(
            Selector.parse(self.source_selector), Selector.parse(self.destination_selector)
        )
        return Statement(selector, self._rules())

    def _rules(self) -> tuple[Rule, ...]:
        if not self.rules:
            raise InvalidRule(RuleFault.NO_RULES)
        # Reading rules costs more than counting them.
        if len(self.rules) > MAX_RULES:
            raise InvalidRule(RuleFault.TOO_MANY_RULES)
        return tuple(words.rule() for words in self.rules)
