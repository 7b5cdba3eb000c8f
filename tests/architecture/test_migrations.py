"""Migrations that older processes can share, and each planted one that they could not is seen."""

from pathlib import Path
from typing import Final

import pytest

from tests.architecture.migration_rule import Script, offences, scripts
from tests.architecture.tree import ROOT

CORE: Final = ROOT / "migrations/plexsphere/migrations/core"
SHIPPED: Final = scripts(CORE)
EXPAND: Final = "-- Planted.\n-- phase: expand\n-- depends: 0004_policy\n\n"
BESIDE: Final = EXPAND.replace("-- depends", "-- transactional: false\n-- depends")
CONTRACT: Final = "-- Planted.\n-- phase: contract\n-- floor: 0007\n\nDROP TABLE node_drift;"

# ruff: noqa: S608 -- nothing here is ever run.
OFFENDING: Final = {
    "no phase": "-- Planted.\n\nCREATE TABLE planted (id integer PRIMARY KEY);",
    "a phase that is none": "-- phase: expansion\n\nCREATE TABLE planted (id integer PRIMARY KEY);",
    "a contraction without a floor": "-- phase: contract\n\nDROP TABLE node_drift;",
    "a contraction whose floor is itself": "-- phase: contract\n-- floor: 0009\n\nDROP TABLE node_drift;",
    "drops a table": EXPAND + "DROP TABLE node_drift;",
    "drops a column": EXPAND + "ALTER TABLE nodes DROP COLUMN endpoint;",
    "drops a constraint": EXPAND + "ALTER TABLE nodes DROP CONSTRAINT nodes_kind_check;",
    "renames a table": EXPAND + "ALTER TABLE nodes RENAME TO machines;",
    "renames a column": EXPAND + "ALTER TABLE nodes RENAME COLUMN endpoint TO place;",
    "a column without a default": EXPAND + "ALTER TABLE nodes ADD COLUMN planted text NOT NULL;",
    "demands a value": EXPAND + "ALTER TABLE nodes ALTER COLUMN first_offset SET NOT NULL;",
    "another type": EXPAND + "ALTER TABLE nodes ALTER COLUMN psk_epoch TYPE integer;",
    "a second action": EXPAND + "ALTER TABLE nodes ADD COLUMN planted text, DROP COLUMN endpoint;",
    "a value for each row": EXPAND
    + "ALTER TABLE nodes ADD COLUMN planted uuid NOT NULL DEFAULT gen_random_uuid();",
    "a serial column": EXPAND + "ALTER TABLE nodes ADD COLUMN planted bigserial;",
    "a constraint": EXPAND + "ALTER TABLE nodes ADD CONSTRAINT planted CHECK (name <> '');",
    "a key to another table": EXPAND + "ALTER TABLE nodes ADD COLUMN planted uuid REFERENCES domains (id);",
    "a unique column": EXPAND + "ALTER TABLE nodes ADD COLUMN planted uuid UNIQUE;",
    "an index that keeps writers out": EXPAND + "CREATE INDEX planted ON nodes (name);",
    "a concurrent index in a transaction": EXPAND
    + "DROP INDEX CONCURRENTLY IF EXISTS planted; CREATE INDEX CONCURRENTLY planted ON nodes (name);",
    "a concurrent index that a broken attempt blocks": BESIDE
    + "CREATE INDEX CONCURRENTLY planted ON nodes (name);",
    "a unique index": BESIDE
    + "DROP INDEX CONCURRENTLY IF EXISTS planted; CREATE UNIQUE INDEX CONCURRENTLY planted ON nodes (name);",
    "drops somebody's index": BESIDE + "DROP INDEX CONCURRENTLY IF EXISTS nodes_by_id;",
    "rows in an older table": EXPAND + "INSERT INTO authz_mirrors (id) VALUES (2);",
    "changes rows": EXPAND + "UPDATE nodes SET endpoint = '';",
    "deletes rows": EXPAND + "DELETE FROM node_drift;",
    "a lock": EXPAND + "LOCK TABLE nodes;",
    "a trigger": EXPAND + "CREATE TRIGGER planted AFTER UPDATE ON nodes EXECUTE FUNCTION planted();",
}

HARMLESS: Final = {
    "a table with rows and an index": EXPAND
    + "CREATE TABLE planted (id integer PRIMARY KEY); INSERT INTO planted (id) VALUES (1);"
    + "CREATE UNIQUE INDEX planted_twice ON planted (id); ALTER TABLE planted ALTER COLUMN id TYPE bigint;",
    "columns": EXPAND
    + "ALTER TABLE nodes ADD COLUMN planted text, ADD COLUMN also text NOT NULL DEFAULT 'a, b';"
    + "COMMENT ON COLUMN nodes.planted IS 'planted';",
    "an index beside": BESIDE
    + "DROP INDEX CONCURRENTLY IF EXISTS planted; CREATE INDEX CONCURRENTLY planted ON nodes (name);",
}


def test_every_expansion_can_be_shared_with_older_processes() -> None:
    assert list(offences(SHIPPED)) == []


@pytest.mark.parametrize("case", OFFENDING)
def test_a_planted_migration_that_older_processes_trip_over_is_seen(case: str) -> None:
    assert list(offences([Script("0009_planted", OFFENDING[case])])) != []


@pytest.mark.parametrize("case", HARMLESS)
def test_what_older_processes_never_notice_is_no_offence(case: str) -> None:
    assert list(offences([Script("0009_planted", HARMLESS[case])])) == []


WIDENING: Final = (
    EXPAND + "ALTER TABLE audit_inbox DROP CONSTRAINT audit_inbox_outcome_check, ADD CONSTRAINT "
    "audit_inbox_outcome_check CHECK (outcome IN ('granted', 'permission_denied', 'planted')) NOT VALID;"
)
NOT_WIDENING: Final = {
    "a word less": WIDENING.replace("'granted', ", ""),
    "every row is read": WIDENING.replace(" NOT VALID", ""),
    "another constraint": WIDENING.replace("ADD CONSTRAINT audit_inbox", "ADD CONSTRAINT planted"),
    "another column": WIDENING.replace("(outcome IN", "(relation IN"),
    "one thing more": WIDENING.replace(" NOT VALID", " NOT VALID, DROP COLUMN subject"),
}


def test_a_list_of_words_may_grow() -> None:
    assert list(offences([*SHIPPED, Script("0999_planted", WIDENING)])) == []


@pytest.mark.parametrize("case", NOT_WIDENING)
def test_no_list_of_words_shrinks_or_changes(case: str) -> None:
    assert list(offences([*SHIPPED, Script("0999_planted", NOT_WIDENING[case])])) != []


def test_a_contraction_may_take_away_and_no_expansion_waits_for_one() -> None:
    contraction = Script("0008_contraction", CONTRACT)
    behind = Script("0009_planted", EXPAND.replace("0004_policy", "0008_contraction"))

    assert list(offences([contraction])) == []
    assert list(offences([contraction, behind])) == ["0009_planted depends on contraction 0008_contraction"]


def test_every_migration_can_be_taken_back_or_says_that_it_cannot() -> None:
    lacking = [each.name for each in SHIPPED if not Path(CORE, f"{each.name}.rollback.sql").exists()]

    assert lacking == []
