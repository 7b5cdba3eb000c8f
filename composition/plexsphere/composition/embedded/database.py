"""The role and the database that plexsphere works with, apart from the server's superuser."""

import psycopg
from psycopg import sql

from plexsphere.platform.kernel.secret import Secret

FIND_ROLE = "SELECT 1 FROM pg_roles WHERE rolname = %s"
FIND_DATABASE = "SELECT 1 FROM pg_database WHERE datname = %s"
CREATE_ROLE = sql.SQL("CREATE ROLE {role} LOGIN PASSWORD {verifier}")
CREATE_DATABASE = sql.SQL("CREATE DATABASE {database} OWNER {role}")


def have_database(superuser_dsn: Secret[str], role: str, database: str, password: Secret[str]) -> None:
    """Have the role, without any privilege on the server, and the database that it owns."""
    with psycopg.connect(superuser_dsn.reveal(), autocommit=True) as connection:
        if connection.execute(FIND_ROLE, (role,)).fetchone() is None:
            _create_role(connection, role, password)
        if connection.execute(FIND_DATABASE, (database,)).fetchone() is None:
            names = {"database": sql.Identifier(database), "role": sql.Identifier(role)}
            connection.execute(CREATE_DATABASE.format(**names))


def _create_role(
    connection: psycopg.Connection[tuple[object, ...]], role: str, password: Secret[str]
) -> None:
    # The server gets the verifier only: a statement that fails is logged with its text.
    octets = connection.pgconn.encrypt_password(password.reveal().encode(), role.encode(), b"scram-sha-256")
    statement = CREATE_ROLE.format(role=sql.Identifier(role), verifier=sql.Literal(octets.decode()))
    connection.execute(statement)
