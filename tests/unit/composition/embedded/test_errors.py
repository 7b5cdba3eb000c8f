"""Every refusal of the embedded PostgreSQL tells its reader what to do or what was said."""

from pathlib import Path

import pytest

from plexsphere.composition.embedded import errors

FOLDER = Path("/srv/plexsphere")
REFUSALS = [
    errors.NoServerAccountError(("postgres", "nobody")),
    errors.AccountRefusedError("postgres"),
    errors.BinariesMissingError("PostgreSQL"),
    errors.BinariesUnusableError(FOLDER, "noexec"),
    errors.SocketPathTooLongError(FOLDER, 107),
    errors.UnreachableFolderError("postgres", FOLDER),
    errors.DataFolderRefusedError(FOLDER, "Permission denied"),
    errors.DataInUseError(FOLDER, "1"),
    errors.LeftoverServerError(FOLDER, 1),
    errors.ClusterLostError(FOLDER, FOLDER / "postgres.location"),
    errors.ForeignClusterError(FOLDER, "bob"),
    errors.PasswordLostError(FOLDER, FOLDER / "postgres.password"),
]
ADVICE = ("set ", "Set ", "Run ", "Install ", "Stop ", "Start ", "Bring ", "Move ")


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
def test_a_refusal_says_what_to_do_next(refusal: errors.EmbeddedPostgresError) -> None:
    assert any(word in str(refusal) for word in ADVICE)


def test_every_refusal_is_looked_at() -> None:
    told = {type(refusal) for refusal in REFUSALS} | {errors.CommandFailedError, errors.StartFailedError}

    assert set(errors.EmbeddedPostgresError.__subclasses__()) == told


def test_a_failed_program_is_quoted() -> None:
    assert "no space left" in str(errors.CommandFailedError("initdb", "no space left"))
