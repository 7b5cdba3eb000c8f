"""What refers to a row that goes is found by an index: else each row that goes costs a walk through a whole table."""

from typing import Final

import psycopg
import pytest

from plexsphere.platform.db.migrator import migrate
from plexsphere.platform.kernel.secret import Secret

pytestmark = pytest.mark.postgres

# An index serves when its first columns are those of the key, in whatever order, and it leaves out no row.
UNSERVED: Final = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'plexsphere'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_index
    WHERE indrelid = conrelid AND indpred IS NULL AND (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey
) ORDER BY 1, 2
"""
# A Project has few policies, and goes only once in its life.
NOT_WORTH_IT: Final = {("network_policies", "network_policies_domain_id_project_id_fkey")}


async def test_every_foreign_key_has_an_index_that_finds_who_refers(empty_database: Secret[str]) -> None:
    await migrate(empty_database)

    with psycopg.connect(empty_database.reveal(), options="-c search_path=plexsphere") as connection:
        assert set(connection.execute(UNSERVED).fetchall()) == NOT_WORTH_IT


async def test_a_partial_index_and_one_in_another_order_do_not_serve(empty_database: Secret[str]) -> None:
    await migrate(empty_database)

    with psycopg.connect(empty_database.reveal(), options="-c search_path=plexsphere") as connection:
        connection.execute(
            "CREATE TABLE planted (id uuid PRIMARY KEY, domain_id uuid, node_id uuid, at timestamptz,"
            " CONSTRAINT planted_fkey FOREIGN KEY (domain_id, node_id) REFERENCES nodes (domain_id, id))"
        )
        connection.execute("CREATE INDEX ON planted (domain_id, at, node_id)")
        connection.execute("CREATE INDEX ON planted (node_id, domain_id) WHERE at IS NULL")
        unserved = set(connection.execute(UNSERVED).fetchall())
        connection.execute("CREATE INDEX ON planted (node_id, domain_id, at)")

        assert unserved - NOT_WORTH_IT == {("planted", "planted_fkey")}
        assert set(connection.execute(UNSERVED).fetchall()) == NOT_WORTH_IT
