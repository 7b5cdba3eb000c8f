"""What a node knows, kept right by events as they come and by the state when it is fetched."""

from plexd.node.demand import Demand
from plexd.node.drift import drift
from plexd.node.view import View
from plexd.protocol.events.payloads import Payload
from plexd.protocol.messages.state import Correction, Snapshot


class Knowledge:
    """
    Holds the view and mends it.

    A state answer is as of one log offset. Events that arrive while it is under way may be newer than it, so they are
    remembered from `expect_snapshot` on and applied again on top: no answer takes back what an event has said.
    """

    __slots__ = ("_meanwhile", "seen_offset", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        self.seen_offset = 0
        self._meanwhile: list[tuple[int | None, Payload]] | None = None

    def apply(self, payload: Payload, offset: int | None) -> Demand:
        """Take in a verified event that stands at a log offset; None where its frame named none."""
        if self._meanwhile is not None:
            self._meanwhile.append((offset, payload))
        self.seen_offset = max(self.seen_offset, offset or 0)
        return self.view.apply(payload)

    def expect_snapshot(self) -> None:
        """Begin to remember events, for a state is being asked for."""
        self._meanwhile = []

    def no_snapshot(self) -> None:
        """Stop remembering: no state came, or it is the one fetched before."""
        self._meanwhile = None

    def reconcile(self, snapshot: Snapshot) -> tuple[Correction, ...]:
        """
        Make the view what the snapshot and the events after it say; return what had to be put right.

        Raises:
            BadKeyError: the state publishes something that is no signing key; nothing has changed.
        """
        desired = View.desired(snapshot.state, self.view)
        for payload in self._after(snapshot.version):
            desired.apply(payload)
        corrections = drift(self.view, desired)
        self.view = desired
        self._meanwhile = None
        return corrections

    def _after(self, version: int | None) -> list[Payload]:
        return [
            payload
            for offset, payload in self._meanwhile or []
            if version is None or offset is None or offset > version
        ]
