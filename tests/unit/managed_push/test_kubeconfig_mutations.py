"""Whatever a kubeconfig holds, reading it touches nothing, takes no time and no memory (C16, H23)."""

import socket
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from plexsphere.managed_push.adapters.yaml_document import MAX_DEPTH, MAX_EVENTS, MAX_OCTETS
from plexsphere.managed_push.adapters.yaml_kubeconfig_reader import YamlKubeconfigReader
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid
from plexsphere.platform.kernel.secret import Secret
from tests.support.audited import audited
from tests.support.kubeconfig_documents import (
    a_certificate,
    an_authority,
    kubeconfig,
    mutated_kubeconfigs,
)

MUTATIONS: Final = 10_000
SEED: Final = 20_261_122


def outcome(octets: bytes) -> ClusterAccess | Arm:
    try:
        return YamlKubeconfigReader(EgressPolicy).read(Secret(octets))
    except KubeconfigInvalid as refused:
        return refused.arm


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_ten_thousand_mutations_run_open_and_dial_nothing() -> None:
    """C12, C16: and none comes to anything but a way to a cluster or one of the arms, each of which is met."""
    outcome(kubeconfig(authority=an_authority(), client_certificate=a_certificate()))
    met: Counter[Arm | None] = Counter()

    with audited() as seen:
        for octets in mutated_kubeconfigs(MUTATIONS, SEED):
            result = outcome(octets)
            met[result if isinstance(result, Arm) else None] += 1

    assert seen == []
    assert met.total() == MUTATIONS
    assert met.keys() == {None, *Arm}


def test_the_audit_of_the_mutations_sees_what_it_looks_for(tmp_path: Path) -> None:
    """C16: a file, a process and a socket."""
    with audited() as seen:
        (tmp_path / "canary").write_text("")
        subprocess.run([sys.executable, "-c", ""], check=True)
        socket.socket().close()

    assert {each.split()[0] for each in seen} >= {"open", "subprocess.Popen", "socket.__new__"}


def test_the_same_seed_gives_the_same_mutations_of_the_same_credentials() -> None:
    assert list(mutated_kubeconfigs(50, 1)) == list(mutated_kubeconfigs(50, 1))
    assert list(mutated_kubeconfigs(50, 1)) != list(mutated_kubeconfigs(50, 2))


def merge_bomb(levels: int) -> bytes:
    lines = ["l0: &l0 {a: 1}"]
    lines += [f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}]}}" for n in range(1, levels)]
    return "\n".join(lines).encode()


def alias_bomb(levels: int) -> bytes:
    lines = ["l0: &l0 [a, a]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


BOMBS: Final = {
    "aliases": alias_bomb(12),
    "merges": merge_bomb(9),
    "a cycle": b"a: &a [*a]",
    "anchors in keys": b"".join(b"&k%d k%d: *k%d\n" % (n, n, n) for n in range(3_000)),
    "deep lists": b"[" * MAX_OCTETS,
    "deep mappings": b"{a: " * (MAX_OCTETS // 4),
    "deep blocks": b"- " * (MAX_OCTETS // 2),
    "deep keys": b"? " * (MAX_OCTETS // 2),
    "keys": b"".join(b"%x: \n" % n for n in range(10_000)),
    "keys of a flow": b"{" + b",".join(b"%x" % n for n in range(10_000)) + b"}",
    "empty lists": b"a: [" + b"[]," * 20_000 + b"]",
    "a number of base sixty": b"a: " + b"1:" * 32_000 + b"1",
    "a number of digits": b"a: " + b"9" * 65_000,
    "a number of fractions": b"a: ." + b"1" * 65_000 + b"e",
    "a long key": b"a" * 65_000 + b": 1",
    "a long token": b"a: " + b"!" * 65_000,
    "ats in the server": kubeconfig("https://" + "a@" * 30_000),
    "no host in the server": kubeconfig("https://" + "a" * 60_000 + "@"),
    "dots in the server": kubeconfig("https://" + "a." * 30_000),
    "slashes in the server": kubeconfig("https://a" + "/a" * 30_000 + "?"),
    "as many events as there may be": b"a: [" + b"1.5," * (MAX_EVENTS - 10) + b"1]",
    "more octets than there may be": b"#" * (MAX_OCTETS + 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_anything(name: str) -> None:
    """H23: in under 200 ms."""
    started = time.process_time()

    result = outcome(BOMBS[name])

    assert isinstance(result, Arm)
    assert time.process_time() - started < 0.2


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_no_memory(name: str) -> None:
    """H23: 50 MiB would be allowed; what Python holds at the peak is far below."""
    tracemalloc.start()
    try:
        outcome(BOMBS[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8 << 20


def test_a_document_counts_up_to_its_limits_and_no_further() -> None:
    """H23: octets, depth and events."""
    filled = kubeconfig() + b"#"
    nested = b"x: " + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"\n"

    assert isinstance(outcome(filled.ljust(MAX_OCTETS, b"#")), ClusterAccess)
    assert outcome(filled.ljust(MAX_OCTETS + 1, b"#")) is Arm.UNPARSEABLE_DOCUMENT
    assert isinstance(outcome(kubeconfig() + nested), ClusterAccess)
    assert (
        outcome(kubeconfig() + nested.replace(b"[", b"[[").replace(b"]", b"]]")) is Arm.UNPARSEABLE_DOCUMENT
    )
    assert outcome(b"x: [" + b"1," * MAX_EVENTS + b"1]") is Arm.UNPARSEABLE_DOCUMENT
