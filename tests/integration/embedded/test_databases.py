"""What a test finds in the databases it is lent."""

import psycopg
import pytest

from plexsphere.platform.kernel.secret import Secret

pytestmark = pytest.mark.postgres

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = ANY (%s)"


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_every_test_has_an_empty_database_of_its_own(empty_database: Secret[str], turn: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database.reveal()) as connection:
        tables = await (await connection.execute(TABLES, (["public", "plexsphere"],))).fetchone()
        await connection.execute("CREATE TABLE left_behind (turn text)")

    assert tables == (0,)


def test_the_role_of_the_tests_has_no_power_over_the_server(empty_database: Secret[str]) -> None:
    with psycopg.connect(empty_database.reveal()) as connection:
        attributes = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert attributes == (False, False, False)


def test_a_migrated_database_holds_the_schema(database: Secret[str]) -> None:
    with psycopg.connect(database.reveal()) as connection:
        tables = connection.execute(TABLES, (["plexsphere"],)).fetchone()

    assert tables is not None
    assert tables[0] > 0
