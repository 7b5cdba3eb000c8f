"""The sides of a Project, found by what a node is."""

from collections.abc import Mapping

from plexsphere.policy.domain.selector import Anchor, Selector
from plexsphere.policy.domain.side import ADDRESS_BITS, Side, SideKey


class SideTable:
    """
    All sides that some rule has.

    A node's sides are found from its labels and the leading bits of its address, never by walking all sides:
    a selector that demands a label is looked at only for nodes that have it.
    """

    def __init__(self) -> None:
        self._ranges: dict[Selector, dict[int, dict[int, Side]]] = {}
        self._anchored: dict[Anchor, set[Selector]] = {}
        self._unanchored: set[Selector] = set()

    def get(self, key: SideKey) -> Side | None:
        return self._ranges.get(key.selector, {}).get(key.prefix, {}).get(key.leading)

    def add(self, side: Side) -> None:
        key = side.key
        if key.selector not in self._ranges:
            self._enlist(key.selector)
        self._ranges[key.selector].setdefault(key.prefix, {})[key.leading] = side

    def remove(self, side: Side) -> None:
        key = side.key
        ranges = self._ranges[key.selector]
        del ranges[key.prefix][key.leading]
        if not ranges[key.prefix]:
            del ranges[key.prefix]
        if not ranges:
            self._strike(key.selector)

    def of(self, labels: Mapping[str, str], address: int) -> frozenset[Side]:
        """Return the sides that pick a node with these labels at this address."""
        return frozenset(
            side
            for selector in self._candidates(labels)
            if selector.matches(labels)
            for prefix, by_leading in self._ranges[selector].items()
            if (side := by_leading.get(address >> (ADDRESS_BITS - prefix))) is not None
        )

    def _candidates(self, labels: Mapping[str, str]) -> set[Selector]:
        found = set(self._unanchored)
        for key, value in labels.items():
            found.update(self._anchored.get((key, value), ()))
            found.update(self._anchored.get((key, None), ()))
        return found

    def _enlist(self, selector: Selector) -> None:
        self._ranges[selector] = {}
        anchors = selector.anchors()
        if not anchors:
            self._unanchored.add(selector)
        for anchor in anchors:
            self._anchored.setdefault(anchor, set()).add(selector)

    def _strike(self, selector: Selector) -> None:
        del self._ranges[selector]
        self._unanchored.discard(selector)
        for anchor in selector.anchors():
            self._anchored[anchor].discard(selector)
            if not self._anchored[anchor]:
                del self._anchored[anchor]
