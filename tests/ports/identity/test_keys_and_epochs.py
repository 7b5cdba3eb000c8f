"""One current signing key, one self-check, one counter."""

from datetime import timedelta
from uuid import UUID

import pytest

from plexsphere.identity.domain.signing_key import SigningKey
from tests.support.identity import EPOCH, Kit


def key(number: int) -> SigningKey:
    return SigningKey(UUID(int=number), bytes([number]) * 32, b"sealed", EPOCH)


async def test_the_first_current_key_stays(kit: Kit) -> None:
    assert await kit.signing_keys.current() is None

    assert await kit.signing_keys.add_current(key(1)) is True
    assert await kit.signing_keys.add_current(key(2)) is False

    assert await kit.signing_keys.current() == key(1)
    assert await kit.signing_keys.previous() is None


async def test_the_first_sealed_check_stays(kit: Kit) -> None:
    assert await kit.sealed_checks.settle("a", b"first") == b"first"
    assert await kit.sealed_checks.settle("a", b"second") == b"first"
    assert await kit.sealed_checks.settle("b", b"other") == b"other"


async def test_the_epoch_rises_with_the_commit_and_followers_are_told_then(kit: Kit) -> None:
    told: list[int] = []
    kit.credential_epochs.follow(lambda: told.append(1))
    before = await kit.credential_epochs.read()

    async with kit.unit_of_work():
        kit.credential_epochs.raise_()
        assert told == []

    assert await kit.credential_epochs.read() == before + 1
    assert told == [1]


async def test_the_epoch_stays_where_the_mutation_was_rolled_back(kit: Kit) -> None:
    told: list[int] = []
    kit.credential_epochs.follow(lambda: told.append(1))
    before = await kit.credential_epochs.read()

    async def interrupted() -> None:
        async with kit.unit_of_work():
            kit.credential_epochs.raise_()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await interrupted()
    assert await kit.credential_epochs.read() == before
    assert told == []


async def test_the_epoch_is_raised_inside_a_unit_of_work_only(kit: Kit) -> None:
    with pytest.raises(RuntimeError):
        kit.credential_epochs.raise_()


@pytest.mark.postgres
async def test_a_previous_key_is_honoured_until_its_transition_ends(request: pytest.FixtureRequest) -> None:
    from tests.support.identity_postgres import lent_database, postgres_kit

    async with lent_database(request.getfixturevalue("database")) as database:
        kit = postgres_kit(database)
        await kit.signing_keys.add_current(key(1))
        async with database.connection() as connection:
            await connection.execute(
                "UPDATE signing_keys SET status = 'previous', transition_expires = now() + %s",
                [timedelta(hours=1)],
            )
        previous = await kit.signing_keys.previous()
        assert previous is not None
        assert previous.public_key == key(1).public_key
        assert await kit.signing_keys.current() is None
        await kit.let_time_pass(3601)
        assert await kit.signing_keys.previous() is None
