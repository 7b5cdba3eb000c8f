"""The small files beside an embedded database."""

import stat
from pathlib import Path

import pytest

from plexsphere.composition.embedded.errors import DataFolderRefusedError, DataInUseError
from plexsphere.composition.embedded.lock import DataLock
from plexsphere.composition.embedded.password import kept_password, password_file
from plexsphere.composition.embedded.private_file import read_if_present, write_private
from plexsphere.composition.embedded.server_log import KEPT_BYTES, TAIL_BYTES, ServerLog


def test_a_password_is_made_once_and_differs_from_folder_to_folder(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()

    assert kept_password(tmp_path) == kept_password(tmp_path)
    assert kept_password(tmp_path) != kept_password(other)
    assert len(kept_password(tmp_path).reveal()) >= 43
    assert stat.S_IMODE(password_file(tmp_path).stat().st_mode) == 0o600


def test_a_private_file_is_private_even_where_a_wider_one_lay(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(0o644)

    write_private(file, "new\n")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_if_present(file) == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_not_there_reads_as_nothing(tmp_path: Path) -> None:
    assert read_if_present(tmp_path / "missing") is None


def test_a_folder_is_held_by_one_until_released(tmp_path: Path) -> None:
    first = DataLock.take(tmp_path)
    with pytest.raises(DataInUseError):
        DataLock.take(tmp_path)

    first.release()

    DataLock.take(tmp_path).release()


def test_a_folder_that_cannot_hold_files_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataFolderRefusedError, match="missing"):
        DataLock.take(tmp_path / "missing")


def test_the_tail_of_a_log_begins_with_its_own_start_and_is_short(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "log")
    log.path.write_text("an earlier start\n")
    open(log.open(), "w").close()

    with log.path.open("a") as file:
        file.write("x" * 2 * TAIL_BYTES + "the end")

    assert log.tail().endswith("the end")
    assert len(log.tail()) == TAIL_BYTES
    assert "earlier" not in log.tail()


def test_a_log_that_has_grown_gives_way_to_a_new_one(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "log")
    log.path.write_bytes(b"x" * (KEPT_BYTES + 1))

    open(log.open(), "w").close()

    assert log.path.stat().st_size == 0
    assert (tmp_path / "log.1").stat().st_size == KEPT_BYTES + 1
