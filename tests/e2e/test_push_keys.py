"""The wrap keys of managed push, from the first boot through a rotation (C34)."""

import asyncio
import base64
import resource
from dataclasses import replace
from typing import Final

import pytest

from plexsphere.composition.boot import booted
from plexsphere.composition.settings import ManagedPushSettings, PushKeyRing, SettingsError
from plexsphere.managed_push.adapters.aes_gcm_sealer import KeyRing
from plexsphere.platform.kernel.secret import Secret
from tests.e2e.test_boot import DSN, KEY, WRAP, require_one_line
from tests.support.command_line import Ended, plexsphere, within
from tests.support.control_plane import settings_for
from tests.support.identity_postgres import lent_database
from tests.support.managed_push import DOMAIN, RING, a_record
from tests.support.managed_push_postgres import PushDatabase, lent_push_database
from tests.support.tables import rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

PUSH_KEY: Final = "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_B64"
PREVIOUS: Final = "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_PREVIOUS_B64"
OLD: Final = RING.current
NEW: Final = Secret(b"n" * 32)
CHECK: Final = "SELECT sealed FROM sealed_checks WHERE purpose = 'managed-push'"
BREAK: Final = "UPDATE domain_hook_push SET prior_state = decode(repeat('00', 28), 'hex') WHERE id = %(id)s"


def text(key: Secret[bytes]) -> str:
    return base64.b64encode(key.reveal()).decode()


def seconds_of_work() -> float:
    """What ended processes of ours computed: a busy machine makes them wait, not work."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def boot(database: Secret[str], current: Secret[bytes], previous: Secret[bytes] | None = None) -> None:
    """Start and end a process with this ring."""
    ring = ManagedPushSettings(PushKeyRing(current, previous))
    async with booted(replace(settings_for(database, 0, pool_size=4), managed_push=ring)):
        return


async def reseal(database: Secret[str], current: Secret[bytes], previous: Secret[bytes] | None) -> Ended:
    keys = {PUSH_KEY: text(current)} | ({PREVIOUS: text(previous)} if previous else {})
    environ = {DSN: database.reveal(), **keys}
    return await asyncio.to_thread(within, "reseal", "managed-push", **environ)


async def test_a_process_with_another_key_is_refused_at_once_and_nothing_of_a_key_is_said(
    database: Secret[str],
) -> None:
    """C34: right size but wrong; the sealed self-check fails closed after less than 3 s of work."""
    await boot(database, OLD)
    before, worked = rows(database, CHECK), seconds_of_work()

    ended = await plexsphere("serve", **{DSN: database.reveal(), WRAP: KEY, PUSH_KEY: text(NEW)})

    assert seconds_of_work() - worked < 3
    require_one_line(ended, PUSH_KEY, never=(text(NEW), text(OLD), NEW.reveal().hex()))
    assert rows(database, CHECK) == before


async def test_a_process_that_knows_the_former_key_starts_and_changes_nothing(database: Secret[str]) -> None:
    """C34: after a rotation the former key only opens."""
    await boot(database, OLD)
    before = rows(database, CHECK)
    await boot(database, OLD, NEW)
    await boot(database, NEW, OLD)

    assert rows(database, CHECK) == before
    with pytest.raises(SettingsError, match=PUSH_KEY):
        await boot(database, NEW)


async def test_without_a_wrap_key_nothing_is_checked(database: Secret[str]) -> None:
    async with booted(settings_for(database, 0, pool_size=4)):
        assert rows(database, CHECK) == []


async def test_a_rotation_ends_with_everything_under_the_new_key(database: Secret[str]) -> None:
    """C34: `plexsphere reseal managed-push` moves every row, says how many, and finds nothing the second time."""
    async with lent_push_database(database) as place:
        await place.inhabit()
    first = await reseal(database, NEW, OLD)
    again = await reseal(database, NEW, OLD)
    await boot(database, NEW)

    assert (first.status, again.status, first.complained) == (0, 0, "")
    assert first.said.splitlines() == [
        "targets: 2 moved",
        "pushes: 4 moved",
        "intents: 2 moved",
        "self-checks: 1 moved",
        f"Everything opens under {PUSH_KEY}: take {PREVIOUS} out of the environment now.",
    ]
    assert again.said.splitlines()[:4] == [
        "targets: 0 moved",
        "pushes: 0 moved",
        "intents: 0 moved",
        "self-checks: 0 moved",
    ]
    async with lent_database(database) as lent:
        assert await PushDatabase(lent).kit(KeyRing(NEW)).records.get(DOMAIN, a_record(1).id) is not None


async def test_what_opens_under_neither_key_is_told_and_both_are_to_be_kept(database: Secret[str]) -> None:
    async with lent_push_database(database) as place:
        await place.inhabit()
        await place.run(BREAK, id=a_record(1).id)

    ended = await reseal(database, NEW, OLD)

    assert ended.status == 1
    assert "pushes: 4 moved, 1 open under neither key" in ended.said.splitlines()
    assert "take " not in ended.said


async def test_reseal_asks_for_both_keys_and_says_nothing_of_one(database: Secret[str]) -> None:
    async with lent_push_database(database) as place:
        await place.check()

    require_one_line(await reseal(database, NEW, None), PREVIOUS)
    require_one_line(await reseal(database, NEW, Secret(b"x" * 32)), PUSH_KEY, never=(text(NEW),))
