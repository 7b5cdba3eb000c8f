"""The newest rows of one Domain, in memory and indexed (design D23)."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.ids import NodeId

ROWS: Final = 100_000
# A change of a policy names every node it touches: rows alone would not bound the memory.
NAMES: Final = 500_000


class Tail:
    """
    The last rows of a Domain's log without a gap: every offset from `first` to `last`.

    Rows with recipients are found by recipient, the others by subject. At most `capacity` rows are held, and no
    more than name `names` recipients together.
    """

    def __init__(self, last: int, capacity: int = ROWS, names: int = NAMES) -> None:
        self._rows: Final[deque[Row]] = deque()
        self._capacity: Final = capacity
        self._most_names: Final = names
        self._names = 0
        self._by_recipient: Final[dict[UUID, list[int]]] = {}
        self._by_subject: Final[dict[UUID, list[int]]] = {}
        self.last = last

    @property
    def first(self) -> int:
        """Return the lowest offset held; one above `last` when nothing is."""
        return self._rows[0].offset if self._rows else self.last + 1

    @property
    def rows(self) -> Iterable[Row]:
        """Return the rows held, in order."""
        return iter(self._rows)

    def append(self, row: Row) -> None:
        """
        Add the next row, dropping the oldest ones while there are too many.

        Raises:
            ValueError: the row does not follow the last one.
        """
        if row.offset != self.last + 1:
            raise ValueError(f"row {row.offset} does not follow {self.last}")
        self._rows.append(row)
        self.last = row.offset
        for index, key in _keys(row, self._by_recipient, self._by_subject):
            index.setdefault(key, []).append(row.offset)
        self._names += row.names
        while len(self._rows) > self._capacity or self._names > self._most_names:
            self._drop_oldest()

    def row(self, offset: int) -> Row | None:
        """Return the row at an offset, or None when it is not held."""
        place = offset - self.first
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def addressed(self, node: NodeId, subjects: Iterable[UUID], after: int) -> list[int]:
        """Return the offsets behind `after` of rows that name the node or are about a subject it sees, in order."""
        found: set[int] = set(_behind(self._by_recipient.get(node), after))
        for subject in subjects:
            found.update(_behind(self._by_subject.get(subject), after))
        return sorted(found)

    def _drop_oldest(self) -> None:
        row = self._rows.popleft()
        self._names -= row.names
        for index, key in _keys(row, self._by_recipient, self._by_subject):
            offsets = index[key]
            offsets.pop(0)
            if not offsets:
                del index[key]


def _keys(
    row: Row, by_recipient: dict[UUID, list[int]], by_subject: dict[UUID, list[int]]
) -> Iterable[tuple[dict[UUID, list[int]], UUID]]:
    if row.recipients is None:
        yield by_subject, row.subject
    for recipient in (row.recipients or frozenset()) | row.reconcile:
        yield by_recipient, recipient


def _behind(offsets: list[int] | None, after: int) -> list[int]:
    return offsets[bisect_right(offsets, after) :] if offsets else []
