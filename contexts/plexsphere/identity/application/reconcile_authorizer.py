"""Use case: compare the mirror with the tuples, and repair it."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plexsphere.identity.domain.relation_tuple import Triple, TupleId
from plexsphere.identity.domain.schema import Schema
from plexsphere.identity.domain.tuple_change import Operation, TupleChange
from plexsphere.identity.ports.authz_mirror import AuthzMirror, Fence
from plexsphere.identity.ports.authz_outbox import AuthzOutbox
from plexsphere.identity.ports.relation_tuples import AllTriples
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

BATCH: Final = 500
MOST_EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class Differences:
    """
    How the mirror differed: triples it lacked, and triples it held that do not hold.

    The counts are complete; of the triples themselves a few are named.
    """

    missing: int = 0
    stale: int = 0
    examples: tuple[TupleChange, ...] = ()

    def and_(self, changes: Sequence[TupleChange]) -> "Differences":
        """Return these differences and those that the repairs would settle."""
        missing = sum(change.operation is Operation.TOUCH for change in changes)
        return replace(
            self,
            missing=self.missing + missing,
            stale=self.stale + len(changes) - missing,
            examples=(*self.examples, *changes)[:MOST_EXAMPLES],
        )


@dataclass(frozen=True, slots=True)
class ReconcileAuthorizer:
    """
    Return how the mirror differs from the tuples; with `repair` it differs no more afterwards and is in step.

    It takes the mirroring turn for the whole comparison, 500 triples at a time. Tuples can be written meanwhile; their
    changes wait in the outbox, and checks answer that the mirror lags until it is through.

    Raises:
        AuthzUnavailable: the engine failed; the mirror is as much in step as it was before.
        StoreUnavailable: the same, of the store.
    """

    tuples: AllTriples
    outbox: AuthzOutbox
    mirror: AuthzMirror
    schema: Schema
    unit_of_work: UnitOfWork

    async def __call__(self, *, repair: bool) -> Differences:
        found = Differences()
        async with self.unit_of_work():
            await self.outbox.await_turn()
            fence = await self.mirror.fence()
            async for changes in self._repairs():
                found = found.and_(changes)
                if repair:
                    fence = await self.mirror.apply(changes, fence)
            if repair:
                await self._mark_in_step(fence)
        return found

    async def _mark_in_step(self, fence: Fence) -> None:
        # An empty write gives a mirror without differences its fence, and proves that the turn is still this one's.
        fence = await self.mirror.apply([], fence)
        await self.outbox.mark_in_step(fence.zed_token)

    async def _repairs(self) -> AsyncGenerator[Sequence[TupleChange]]:
        async for stale in self._stale():
            yield [TupleChange(Operation.DELETE, triple) for triple in stale]
        async for missing in self._missing():
            yield [TupleChange(Operation.TOUCH, triple) for triple in missing]

    async def _stale(self) -> AsyncGenerator[Sequence[Triple]]:
        async for page in self.mirror.pages(self.schema.object_types):
            held = await self.tuples.holding(page)
            if stale := [triple for triple in page if triple not in held]:
                yield stale

    async def _missing(self) -> AsyncGenerator[Sequence[Triple]]:
        after: TupleId | None = None
        while page := await self.tuples.triples(after, BATCH):
            after = page[-1][0]
            triples = [triple for _, triple in page]
            held = await self.mirror.holding(triples)
            if missing := [triple for triple in triples if triple not in held]:
                yield missing
