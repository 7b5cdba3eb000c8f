"""What plexd-simulate is told on its command line."""

import argparse
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plexd.protocol.masked import Masked
from plexd.simulate.pace import Pace

_EXAMPLE = """\
example:
  plexd-simulate --api http://127.0.0.1:8080 --token-file tokens.txt --nodes 1000 --seconds 60

The token file holds one bootstrap token per line; each node redeems one. The exit status is 0 if every machine was
let in, none was turned out, and every event verified and came in order.
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A run: where, with which tokens, how long (None: until interrupted), how, and whether to leave in the end."""

    api: str
    tokens: tuple[Masked, ...]
    seconds: float | None
    pace: Pace
    concurrency: int
    deregister: bool
    ssl: ssl.SSLContext | None


def read_arguments(argv: Sequence[str] | None) -> Arguments:
    """Return the arguments; prints what is wrong and exits with 2 where something is."""
    parser = _parser()
    given = parser.parse_args(argv)
    try:
        tokens = read_tokens(given.token_file)
        context = ssl.create_default_context(cafile=given.ca_file) if given.ca_file else None
    except OSError as cause:
        parser.error(f"{cause.filename or given.ca_file}: {cause.strerror}")
    nodes = len(tokens) if given.nodes is None else given.nodes
    if nodes > len(tokens):
        parser.error(f"{nodes} nodes need as many tokens, {given.token_file} holds {len(tokens)}")
    return Arguments(
        api=given.api,
        tokens=tokens[:nodes],
        seconds=given.seconds,
        pace=Pace(heartbeat=given.heartbeat, reconcile=given.reconcile),
        concurrency=given.concurrency,
        deregister=given.deregister,
        ssl=context,
    )


def read_tokens(path: Path) -> tuple[Masked, ...]:
    """Return the tokens in a file, one per line that is not empty."""
    return tuple(Masked(token) for line in path.read_text().splitlines() if (token := line.strip()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="plexd-simulate",
        description="Run many simulated nodes against a control plane.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--api", required=True, metavar="URL", help="base URL of the control plane")
    parser.add_argument("--token-file", required=True, type=Path, metavar="FILE", help="bootstrap tokens")
    parser.add_argument("--nodes", type=_count, metavar="N", help="how many nodes (default: one per token)")
    parser.add_argument(
        "--seconds",
        type=_seconds,
        metavar="S",
        help="how long once all are enrolled (default: until interrupted)",
    )
    parser.add_argument(
        "--heartbeat", type=_seconds, default=30.0, metavar="S", help="heartbeat interval (30)"
    )
    parser.add_argument(
        "--reconcile", type=_seconds, default=60.0, metavar="S", help="reconcile interval (60)"
    )
    parser.add_argument("--concurrency", type=_count, default=64, metavar="N", help="enrolments at once (64)")
    parser.add_argument("--ca-file", metavar="FILE", help="trust this certificate authority alone")
    parser.add_argument("--deregister", action="store_true", help="let every node leave in the end")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise ValueError
    return seconds
