"""Rotating the wrap key: both keys open, everything moves to the current one, and a wrong one is told at once (C34)."""

from dataclasses import replace
from typing import Final

import pytest

from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer, KeyRing
from plexsphere.managed_push.adapters.postgres.sealed_rows import sealed_rows
from plexsphere.managed_push.application.reseal import Reseal
from plexsphere.managed_push.domain.errors import WrapKeyMismatch
from plexsphere.managed_push.ports.sealed_rows import Batch, Place
from plexsphere.platform.kernel.sealing import SealBroken
from plexsphere.platform.kernel.secret import Secret
from tests.support.managed_push import DOMAIN, OTHER_DOMAIN, RING, a_record
from tests.support.managed_push_postgres import PushDatabase

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

NEW: Final = KeyRing(Secret(b"n" * 32))
ROTATED: Final = KeyRing(NEW.current, RING.current)
NOTHING: Final = {"targets": (0, 0), "pushes": (0, 0), "intents": (0, 0), "self-checks": (0, 0)}
EVERYTHING: Final = {"targets": (2, 0), "pushes": (4, 0), "intents": (2, 0), "self-checks": (1, 0)}
PUSHES: Final = [(DOMAIN, 1), (DOMAIN, 2), (OTHER_DOMAIN, 11), (OTHER_DOMAIN, 12)]


async def read(place: PushDatabase, ring: KeyRing) -> list[object]:
    """Everything that is kept, as a process with this ring reads it."""
    kit, sealer = place.kit(ring), AesGcmSealer(ring)
    targets = [await kit.targets.get(domain_id) for domain_id in (DOMAIN, OTHER_DOMAIN)]
    await kit.let_time_pass(3601)
    return [
        [sealer.open(each.domain_id, each.kubeconfig_ciphertext) for each in targets if each is not None],
        [await kit.records.get(domain_id, a_record(number).id) for domain_id, number in PUSHES],
        [await kit.journal.overdue_of(domain_id, 10) for domain_id in (DOMAIN, OTHER_DOMAIN)],
    ]


async def test_everything_moves_once_and_opens_without_the_previous_key(place: PushDatabase) -> None:
    async with place.in_passing():
        before = await read(place, RING)
        first, second = await place.reseal(ROTATED), await place.reseal(ROTATED)

        assert (first, second) == (EVERYTHING, NOTHING)
        assert await read(place, NEW) == await read(place, ROTATED) == before
        await place.check(NEW)
        with pytest.raises(SealBroken):
            await place.kit(RING).records.get(DOMAIN, a_record(1).id)


async def test_resealing_changes_nothing_but_what_is_sealed(place: PushDatabase) -> None:
    shown = """
        SELECT updated_at::text FROM domain_managed_push
        UNION ALL SELECT (pushed_spec - 'parameters')::text || status || pushed_at FROM domain_hook_push
        UNION ALL SELECT (spec - 'parameters')::text || leased_until || takeovers FROM managed_push_intents
    """
    async with place.in_passing():
        before = await place.run(shown)
        await place.reseal(ROTATED)

        assert await place.run(shown) == before


async def test_both_keys_open_while_things_move(place: PushDatabase) -> None:
    async with place.in_passing():
        before = await read(place, RING)
        await sealed_rows(place.database, ROTATED)[1].reseal(None, 1)

        assert await read(place, ROTATED) == before


class Interrupted(Exception):
    pass


class Breaking:
    """Rows that are lost behind the first batch."""

    def __init__(self, place: PushDatabase) -> None:
        self._rows = sealed_rows(place.database, ROTATED)[1]
        self.kind = self._rows.kind

    async def reseal(self, after: Place | None, limit: int, /) -> Batch:
        if after is not None:
            raise Interrupted
        return await self._rows.reseal(after, 3)


async def test_who_was_interrupted_halfway_goes_on_where_it_was(place: PushDatabase) -> None:
    every = sealed_rows(place.database, ROTATED)
    async with place.in_passing():
        before = await read(place, RING)
        with pytest.raises(Interrupted):
            await Reseal([every[0], Breaking(place), *every[2:]])()

        assert await read(place, ROTATED) == before
        with pytest.raises(WrapKeyMismatch):
            await place.check(NEW)
        assert await place.reseal(ROTATED) == {**EVERYTHING, "targets": (0, 0), "pushes": (1, 0)}
        assert await read(place, NEW) == before


async def test_what_opens_under_neither_key_is_counted_and_left_as_it_is(place: PushDatabase) -> None:
    async with place.in_passing():
        await place.run(
            "UPDATE domain_hook_push SET prior_state = decode(repeat('00', 28), 'hex') WHERE id = %(id)s",
            id=a_record(1).id,
        )
        first, second = await place.reseal(ROTATED), await place.reseal(ROTATED)

        assert first == {**EVERYTHING, "pushes": (4, 1)}
        assert second == {**NOTHING, "pushes": (0, 1)}


class OvertakenOnce:
    """Targets that somebody attaches anew, under the former key, between the first reading and its writing."""

    def __init__(self, place: PushDatabase, attached: bytes) -> None:
        self._rows = sealed_rows(place.database, ROTATED)[0]
        meanwhile = f"""
            WITH meanwhile AS (
                UPDATE domain_managed_push SET kubeconfig_ciphertext = '\\x{attached.hex()}'
                WHERE domain_id = '{DOMAIN}'
            )
            {self._rows.page}
        """  # noqa: S608  # of constants of this test
        self._first = iter([replace(self._rows, page=meanwhile)])
        self.kind = self._rows.kind

    async def reseal(self, after: Place | None, limit: int, /) -> Batch:
        return await next(self._first, self._rows).reseal(after, limit)


async def test_what_somebody_attaches_meanwhile_is_found_and_not_overwritten(place: PushDatabase) -> None:
    """A row is written only if it is still what was read; another round finds what took its place."""
    attached = Secret(b"attached meanwhile")
    async with place.in_passing():
        await place.kit().targets.remove(OTHER_DOMAIN)
        [told] = await Reseal([OvertakenOnce(place, AesGcmSealer(RING).seal(DOMAIN, attached))])()
        target = await place.kit().targets.get(DOMAIN)

        assert (told.moved, told.unopened) == (1, 0)
        assert target is not None
        assert AesGcmSealer(NEW).open(DOMAIN, target.kubeconfig_ciphertext) == attached
