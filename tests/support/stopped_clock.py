"""A database whose clock stands still until it is moved, whatever time the test itself takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import pytest

from plexsphere.platform.db.pool import SESSION
from plexsphere.platform.kernel.secret import Secret

# Found before PostgreSQL's own, where that is not named first; defaults of columns know it by identity.
BEFORE_BUILTINS: Final = "plexsphere,pg_catalog"
STOP: Final = """
CREATE TABLE stopped_clock AS SELECT pg_catalog.clock_timestamp() AS at;
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM stopped_clock';
CREATE FUNCTION statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM stopped_clock';
DO $$
DECLARE place record;
BEGIN
    FOR place IN
        SELECT attrelid::regclass AS relation, attname AS column FROM pg_attrdef
        JOIN pg_attribute ON (attrelid, attnum) = (adrelid, adnum)
        WHERE pg_get_expr(adbin, adrelid) LIKE '%clock_timestamp()'
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER %I SET DEFAULT clock_timestamp()', place.relation, place.column);
    END LOOP;
END $$
"""
MOVE: Final = "UPDATE stopped_clock SET at = at + %(by)s"


@contextmanager
def stopped_clock(dsn: Secret[str]) -> Iterator[None]:
    """Let pools that are built inside find the database's clock standing still; `MOVE` moves it."""
    with psycopg.connect(dsn.reveal(), options=f"-c search_path={BEFORE_BUILTINS}") as connection:
        connection.execute(STOP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SESSION, "search_path", BEFORE_BUILTINS)
        yield
