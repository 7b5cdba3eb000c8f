"""Use case: bring an object back to what it was before a push."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plexsphere.managed_push.application.object_turn import Turn
from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import ClusterConflict, OutcomeUnsure, StaleCapture, WriteRefused
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.domain.restoration import all_values, given_up_since, owned_before
from plexsphere.managed_push.ports.cluster import ClusterSession


@dataclass(frozen=True, slots=True)
class RestorePriorState:
    """
    Delete the object where there was none before, else bring back its values and who owns them.

    Raises:
        ClusterConflict: it is another object now, somebody else wrote under our name, or owns what must be restored.
        ClusterUnreachable: anything else went wrong.
    """

    async def __call__(self, session: ClusterSession, turn: Turn, record: Record) -> None:
        while True:
            now = await turn.reading(session.get_hook(*record.request.place))
            _require_the_pushed_one(record, now)
            if now is None and record.prior_state is None:
                return
            try:
                await self._undo(session, turn, record, now)
            except StaleCapture:
                await turn.pause()
                continue
            except OutcomeUnsure as error:
                await _read_back(session, turn, record, error)
            return

    async def _undo(
        self, session: ClusterSession, turn: Turn, record: Record, now: ClusterObject | None
    ) -> None:
        prior = record.prior_state
        if prior is None:
            await turn.writing(session.delete_hook(*record.request.place, record.object_uid))
        elif now is None:
            await turn.writing(session.apply_hook(all_values(prior)))
        else:
            await self._give_back(session, turn, record, owned_before(prior, now.uid))

    async def _give_back(
        self, session: ClusterSession, turn: Turn, record: Record, body: Mapping[str, Any]
    ) -> None:
        try:
            await turn.writing(session.apply_hook(body))
        except WriteRefused as error:
            if not error.is_invalid or record.prior_state is None:
                raise
            # A field that the schema requires was another's then, and is nobody's any more; or it is another object.
            now = await turn.reading(session.get_hook(*record.request.place))
            _require_the_pushed_one(record, now)
            if now is None:
                raise StaleCapture from error
            await turn.writing(session.apply_hook(given_up_since(record.prior_state, now)))


def _require_the_pushed_one(record: Record, now: ClusterObject | None) -> None:
    if now is None:
        return
    if now.uid != record.object_uid or not (now.ours is None or now.is_as_pushed(record.request)):
        raise ClusterConflict


async def _read_back(session: ClusterSession, turn: Turn, record: Record, error: OutcomeUnsure) -> None:
    now = await turn.reading(session.get_hook(*record.request.place))
    if not record.is_undone_by(now):
        turn.did_not_land(error)
        raise error
