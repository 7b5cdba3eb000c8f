"""What differs between two lists of rules (rest contract, policies)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from plexsphere.policy.domain.rule import Cidr, PortRange, Rule
from plexsphere.policy.domain.traffic import Protocol


class RuleKey(NamedTuple):
    """What a rule is about: two rules of one key differ in their action alone."""

    source_cidr: Cidr
    destination_cidr: Cidr
    protocol: Protocol
    ports: PortRange | None


class ModifiedRule(NamedTuple):
    """A rule whose action is another."""

    before: Rule
    after: Rule


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """Rules that came, that went, and that have another action; the order of rules means nothing."""

    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    modified: tuple[ModifiedRule, ...]

    @classmethod
    def between(cls, before: Iterable[Rule], after: Iterable[Rule]) -> "RuleDiff":
        """Return what differs, each part in the order of its list; a rule that stands twice counts twice."""
        gone, come = _by_key(_beyond(before, after)), _by_key(_beyond(after, before))
        modified = [
            ModifiedRule(*pair) for key in gone for pair in zip(gone[key], come.get(key, ()), strict=False)
        ]
        return cls(tuple(_unpaired(come, gone)), tuple(_unpaired(gone, come)), tuple(modified))


def _beyond(rules: Iterable[Rule], others: Iterable[Rule]) -> Iterator[Rule]:
    standing = Counter(others)
    for rule in rules:
        if standing[rule]:
            standing[rule] -= 1
        else:
            yield rule


def _by_key(rules: Iterable[Rule]) -> dict[RuleKey, list[Rule]]:
    grouped: dict[RuleKey, list[Rule]] = {}
    for rule in rules:
        key = RuleKey(rule.source_cidr, rule.destination_cidr, rule.protocol, rule.ports)
        grouped.setdefault(key, []).append(rule)
    return grouped


def _unpaired(rules: dict[RuleKey, list[Rule]], others: dict[RuleKey, list[Rule]]) -> Iterator[Rule]:
    for key, found in rules.items():
        yield from found[len(others.get(key, ())) :]
