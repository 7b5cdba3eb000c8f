"""Many nodes at once, and the command that runs them."""

import asyncio
import io
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.events.verification import Rejection
from plexd.simulate.__main__ import is_sound
from plexd.simulate.arguments import read_arguments
from plexd.simulate.counters import Counters
from plexd.simulate.fleet import Fleet, FleetReport
from plexd.simulate.latencies import Latencies
from plexd.simulate.node import SimulatedNode
from plexd.simulate.order import Order, OrderCheck
from plexd.simulate.progress import line, table
from plexd.simulate.screen import LineScreen, TerminalScreen
from tests.unit.plexd.stub_control_plane import StubControlPlane, problem, serving


@pytest.fixture
def stub() -> StubControlPlane:
    return StubControlPlane()


@pytest.fixture
async def control_plane(stub: StubControlPlane) -> AsyncIterator[ControlPlane]:
    async with serving(stub) as control_plane:
        yield control_plane


async def heard(node: SimulatedNode) -> None:
    await node.until(lambda: node.counters.verified == 1 and node.counters.heartbeats == 1)


async def test_a_fleet_enrols_all_its_machines_and_adds_up_what_they_count(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    async with Fleet(control_plane, [f"t{number}" for number in range(40)], concurrency=8) as fleet:
        await fleet.enrol()
        for node in fleet.nodes:
            stub.emit(node.node_id, "session_revoked", 1, session_id="s")
            await heard(node)
        report = fleet.report()

    assert (report.wanted, report.enrolled, report.refused, report.streaming) == (40, 40, 0, 40)
    assert (report.totals.verified, report.totals.heartbeats) == (40, 40)
    assert report.p50 is not None
    assert is_sound(report)
    assert len({received.json["hostname"] for received in stub.asked("/register")}) == 40
    assert len({received.json["public_endpoint"] for received in stub.asked("/endpoint")}) == 40


async def test_a_machine_that_is_refused_is_noted_and_does_not_stop_the_others(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    stub.script("/register", problem(401, "token_invalid"))
    async with Fleet(control_plane, ["spent", "good"], name="web", concurrency=1) as fleet:
        await fleet.enrol()

        assert list(fleet.refusals) == ["web-0"]
        assert [node.hostname for node in fleet.nodes] == ["web-1"]
        assert not is_sound(fleet.report())


async def test_a_fleet_can_leave_for_good(stub: StubControlPlane, control_plane: ControlPlane) -> None:
    async with Fleet(control_plane, ["a", "b", "c"]) as fleet:
        await fleet.enrol()
        await fleet.deregister()

    assert len(stub.asked("/deregister")) == 3


def test_percentiles_are_those_of_the_latest_calls() -> None:
    latencies = Latencies()
    assert latencies.percentile(0.5) is None
    for number in range(1, 101):
        latencies.record(number)

    assert (latencies.percentile(0.5), latencies.percentile(0.99), latencies.total) == (51, 100, 100)


def test_frames_move_forward_or_repeat_themselves() -> None:
    check = OrderCheck()

    judged = [
        check.judge(*told) for told in [("1.0", "a"), ("1.2", "b"), ("2.0", "c"), ("1.2", "b"), ("3.0", "d")]
    ]
    assert judged == [Order.FORWARD, Order.FORWARD, Order.FORWARD, Order.REDELIVERED, Order.FORWARD]
    for wrong in [("1.2", "other"), ("1.1", "b"), ("01.1", "x"), ("7", "x"), (None, "x")]:
        assert check.judge(*wrong) is Order.DISORDERED


REPORT = FleetReport(
    1000, 998, 2, 997, 1, Counters(verified=12345, disordered=3, heartbeats=9), 0.0012, 0.0084
)  # fmt: skip


def test_progress_tells_what_matters() -> None:
    REPORT.totals.rejected[Rejection.STALE] = 4
    text = "\n".join(table(REPORT, 75))

    for told in [
        "01:15",
        "998 of 1,000 enrolled",
        "2 refused",
        "997 open",
        "12,345 verified",
        "4 rejected",
        "8.4 ms",
    ]:
        assert told in text
    assert "enrolled=998/1000" in line(REPORT, 75)
    assert "p99=8.4ms" in line(REPORT, 75)


def test_a_terminal_is_redrawn_in_place_and_a_file_gets_lines() -> None:
    terminal, file = io.StringIO(), io.StringIO()
    for screen in (TerminalScreen(terminal), LineScreen(file)):
        screen.show(REPORT, 1)
        screen.show(REPORT, 2)

    rows = len(table(REPORT, 1))
    assert terminal.getvalue().count(f"\x1b[{rows}A") == 1
    assert "\x1b" not in file.getvalue()
    assert len(file.getvalue().splitlines()) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        Counters(disordered=1),
        Counters(rejected=Counter([Rejection.BAD_SIGNATURE])),
    ],
)
def test_one_wrong_event_makes_a_run_unsound(wrong: Counters) -> None:
    assert is_sound(FleetReport(1, 1, 0, 1, 0, Counters(), None, None))
    assert not is_sound(FleetReport(1, 1, 0, 1, 0, wrong, None, None))


def test_there_must_be_a_token_for_each_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("plx_enroll_a\n\n  plx_enroll_b \n")
    given = ["--api", "http://127.0.0.1:1", "--token-file", str(tokens)]

    assert [token.reveal() for token in read_arguments(given).tokens] == ["plx_enroll_a", "plx_enroll_b"]
    assert len(read_arguments([*given, "--nodes", "1"]).tokens) == 1
    for wrong in (
        ["--nodes", "3"],
        ["--nodes", "0"],
        ["--seconds", "nan"],
        ["--token-file", str(tmp_path / "no")],
    ):
        with pytest.raises(SystemExit):
            read_arguments([*given, *wrong])
    assert "plx_enroll" not in capsys.readouterr().err


async def start(*arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "plexd.simulate", *arguments, stdout=pipe, stderr=pipe
    )


async def outcome(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """Return the exit status and what was written to standard error; the last line shown has to be a standing."""
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert re.search(r"enrolled=\d+/\d+ .* p99=", out.decode().splitlines()[-1])
    return process.returncode, err.decode()


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(["--help"])

    assert ended.value.code == 0
    assert "--token-file tokens.txt --nodes 1000 --seconds 60" in capsys.readouterr().out


async def test_the_command_runs_a_fleet_and_its_status_says_how_it_went(
    stub: StubControlPlane, control_plane: ControlPlane, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("a\nb\nc\n")
    given = ("--api", stub.base_url, "--token-file", str(tokens), "--seconds", "0.3", "--deregister")

    assert await outcome(await start(*given)) == (0, "")
    assert len(stub.asked("/deregister")) == 3

    stub.script("/register", problem(401, "token_invalid"))
    assert await outcome(await start(*given)) == (1, "")


async def test_an_interrupted_command_ends_in_good_order(
    stub: StubControlPlane, control_plane: ControlPlane, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("a\n")
    process = await start("--api", stub.base_url, "--token-file", str(tokens))
    await stub.until_asked("/events")
    process.send_signal(signal.SIGTERM)

    assert await outcome(process) == (0, "")
