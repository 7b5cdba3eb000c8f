"""Use case: capture what a cluster holds, and apply a request over exactly that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plexsphere.managed_push.application.object_turn import Turn
from plexsphere.managed_push.application.record_push import Landed
from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import ClusterUnreachable, OutcomeUnsure, StaleCapture
from plexsphere.managed_push.domain.intent import Intent
from plexsphere.managed_push.domain.request import Request
from plexsphere.managed_push.ports.cluster import Applied, ClusterSession
from plexsphere.managed_push.ports.journal import Journal


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """
    Return what was there and what is there now; the journal holds the capture before anything is sent.

    An object that changes between the two is captured anew. A write without an answer is read back once.

    Raises:
        ClusterConflict: another manager owns a field that the request would change.
        ClusterUnreachable: anything else went wrong.
    """

    journal: Journal

    async def __call__(self, session: ClusterSession, turn: Turn) -> Landed:
        while True:
            intent = await self._captured(session, turn)
            try:
                applied = await turn.writing(session.apply_hook(over(intent.prior_state, intent.request)))
            except StaleCapture:
                await turn.pause()
                continue
            except OutcomeUnsure as error:
                return await _read_back(session, turn, intent, error)
            landed = _landed(intent, applied)
            if landed is not None:
                return landed
            await turn.pause()

    async def _captured(self, session: ClusterSession, turn: Turn) -> Intent:
        prior = await turn.reading(session.get_hook(*turn.intent.request.place))
        intent = await self.journal.capture(turn.intent, prior)
        if intent is None:
            # Somebody took this writer for dead and settled his intent: nothing may be sent any more.
            raise ClusterUnreachable
        return intent


def over(prior: ClusterObject | None, request: Request) -> Mapping[str, Any]:
    """Return the body that the cluster takes only if the object is still as it was captured."""
    body = request.rendered()
    if prior is not None:
        body["metadata"]["resourceVersion"] = prior.resource_version
    return body


def _landed(intent: Intent, applied: Applied) -> Landed | None:
    if applied.is_created:
        # Whatever was captured was gone by then.
        return Landed(None, applied.object)
    if intent.prior_state is not None:
        return Landed(intent.prior_state, applied.object)
    # Somebody made the object in between. "There was nothing" would be a lie that a rollback turns into a deletion.
    prior = applied.object.before_us()
    return None if prior is None else Landed(prior, applied.object)


async def _read_back(session: ClusterSession, turn: Turn, intent: Intent, error: OutcomeUnsure) -> Landed:
    now = await turn.reading(session.get_hook(*intent.request.place))
    if now is None or not intent.has_landed(now):
        turn.did_not_land(error)
        raise error
    return Landed(intent.prior_behind(now), now)
