"""Compiled rules as JSON text, kept while they are in use."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from plexsphere.fleet.domain.wire_json import wire_json
from plexsphere.policy.domain.aggregate import host
from plexsphere.policy.domain.compiled import OWN, AgentPolicy, AgentRule, Template

LOG: Final = logging.getLogger("plexsphere.rules")

MOST_CHARACTERS: Final = 64 * 1024 * 1024


class RuleTexts:
    """
    The JSON array of each class's compiled rules, by the digest that stands for it.

    The node's own address is left open in it, so it is made once however many nodes of the class ask. At most
    `capacity` characters are kept; what was used longest ago goes first.
    """

    def __init__(self, capacity: int = MOST_CHARACTERS) -> None:
        self._capacity: Final = capacity
        self._texts: Final[OrderedDict[bytes, str]] = OrderedDict()
        self._size = 0

    def of(self, digest: bytes, address: int, template: Callable[[], Template]) -> str:
        """Return the text for the node at the address; the rules are compiled only when the class's are not at hand."""
        text = self._texts.get(digest)
        if text is None:
            compiled = template()
            text = wire_json([_policy(policy) for policy in compiled.entries])
            self._keep(digest, text)
            if compiled.is_cut:
                LOG.warning(
                    "the rules of the node at %s are too many; some that allow are left out", host(address)
                )
        self._texts.move_to_end(digest)
        return text.replace(OWN, host(address))

    def _keep(self, digest: bytes, text: str) -> None:
        self._texts[digest] = text
        self._size += len(text)
        while self._size > self._capacity and len(self._texts) > 1:
            _, oldest = self._texts.popitem(last=False)
            self._size -= len(oldest)


def _policy(policy: AgentPolicy) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": policy.id, "rules": [_rule(rule) for rule in policy.rules]}
    if policy.log_rules:
        entry["log_rules"] = [_rule(rule) for rule in policy.log_rules]
    return entry


def _rule(rule: AgentRule) -> dict[str, Any]:
    return {name: value for name, value in rule._asdict().items() if value is not None}
