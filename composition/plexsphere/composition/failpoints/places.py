"""The places, named: each lies in the conversation with the database, where it is decided what a crash leaves."""

from collections.abc import Mapping
from typing import Final

from plexsphere.fleet.adapters.postgres.heartbeats import RECORD as RECORD_HEARTBEATS
from plexsphere.fleet.adapters.postgres.nodes import DEPART
from plexsphere.identity.adapters.postgres.bootstrap_tokens import REDEEM
from plexsphere.identity.adapters.postgres.credential_epochs import RAISE
from plexsphere.managed_push.adapters.postgres.journal import CAPTURE, CLOSE, OPEN
from plexsphere.managed_push.adapters.postgres.records import ADD, ROLL_BACK
from plexsphere.platform.audit.sealer import CHAIN
from plexsphere.platform.events.inbox import STORE
from plexsphere.platform.events.log import AFTER
from plexsphere.platform.events.sequencer import LOCK_HEADS, NUMBER

REQUEST: Final = "request"
BACKSTAGE: Final = "backstage"
BEFORE_COMMIT: Final = "before-commit"
AFTER_COMMIT: Final = "after-commit"

BEFORE: Final[Mapping[str, str]] = {
    LOCK_HEADS: "sequencer.begins",
    # What a cluster took or refused is known by then, and nothing says so yet.
    CLOSE: "intent.closing",
}
BEHIND: Final[Mapping[str, str]] = {
    REDEEM: "registration.token-spent",
    STORE: "events.stored",
    DEPART: "departure.node-gone",
    RAISE: "revocation.counted",
    NUMBER: "sequencer.numbered",
    CHAIN: "audit.chained",
    AFTER: "follower.rows-read",
    RECORD_HEARTBEATS: "heartbeats.recorded",
    OPEN: "intent.opened",
    CAPTURE: "intent.captured",
    ADD: "push.recorded",
    ROLL_BACK: "rollback.recorded",
}
COMMITS: Final = tuple(
    f"{pool}.{moment}" for pool in (REQUEST, BACKSTAGE) for moment in (BEFORE_COMMIT, AFTER_COMMIT)
)
ALL: Final = (*COMMITS, *BEFORE.values(), *BEHIND.values())
