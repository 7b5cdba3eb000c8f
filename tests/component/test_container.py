"""The object graph of a process is whole, whatever the deployment switches on."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import MethodType
from typing import Any, Final

import pytest
from dependency_injector import providers
from dependency_injector.errors import Error

from plexsphere.composition.bridges.mirrored_unit_of_work import MirroredUnitOfWork
from plexsphere.composition.container import Root
from plexsphere.composition.process import Process
from plexsphere.composition.roles import Role
from plexsphere.composition.settings import SettingsError, SpiceDb, Tls
from plexsphere.identity.adapters.nacl_event_signer import NaclEventSigner, draw_key_pair
from plexsphere.identity.domain.signing_key import OpenedSigningKeys, SigningKeyRing
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import PROVISIONED, settings_for

PROCESSES: Final = Path(__file__).parents[2] / "docs/operations/processes.md"
LOOP: Final = re.compile(r"^\| (\w+) \| `(plexsphere\.[\w.]+)` \|", re.MULTILINE)
NOWHERE = Secret("postgresql://plexsphere@127.0.0.1:1/plexsphere")
FEATURES: dict[str, dict[str, Any]] = {
    "none": {},
    "managed push": {"managed_push": PROVISIONED},
    "tls": {"tls": Tls(Path("chain.pem"), Path("key.pem"))},
    "spicedb": {"spicedb": SpiceDb("grpc://127.0.0.1:1", Secret("token"))},
}
FEATURES["all"] = {name: value for changes in list(FEATURES.values()) for name, value in changes.items()}


@asynccontextmanager
async def root_with(changes: dict[str, Any]) -> AsyncIterator[Any]:
    """Lend the root of such a deployment; nothing of it is opened."""
    root = Root(settings=settings_for(NOWHERE, 0, **changes))
    root.signer.override(providers.Object(signer()))
    yield root
    mirroring = root.authorization().mirroring
    if mirroring is not None:
        await mirroring.close()


def signer() -> NaclEventSigner:
    pair = draw_key_pair()
    return NaclEventSigner(OpenedSigningKeys(SigningKeyRing(pair.public_key), pair.seed))


@pytest.mark.parametrize("features", FEATURES)
async def test_every_part_can_be_built_with_these_features_on_and_all_others_off(features: str) -> None:
    async with root_with(FEATURES[features]) as root:
        root.check_dependencies()
        built = {name: provider() for name, provider in root.providers.items()}

    assert isinstance(built["process"], Process)
    assert set(built) >= {"platform", "authorization", "tenancy", "policy", "fleet", "surface"}


async def test_a_root_without_its_signer_is_told_before_it_serves() -> None:
    root = Root(settings=settings_for(NOWHERE, 0))

    with pytest.raises(Error):
        root.check_dependencies()


async def test_only_a_deployment_with_a_spicedb_waits_for_a_mirror_and_runs_its_loop() -> None:
    async with root_with({}) as local, root_with(FEATURES["spicedb"]) as mirrored:
        loops = len(local.process().loops), len(mirrored.process().loops)

        assert local.authorization().mirroring is None
        assert local.authorization().unit_of_work is local.platform().database
        assert isinstance(mirrored.authorization().unit_of_work, MirroredUnitOfWork)
        assert loops[1] == loops[0] + 1


async def test_managed_push_has_a_slot_and_a_sweeper_where_it_is_provisioned_and_else_neither() -> None:
    """C33: without its wrap key the feature is not built."""
    async with root_with({}) as off, root_with(FEATURES["managed push"]) as on:
        loops = len(off.process().loops), len(on.process().loops)

        assert off.managed_push() is None
        assert loops[1] == loops[0] + 1
        assert on.managed_push().sweep_intents.journal is not on.managed_push().settle_domain.journal


def loops_of(process: Process) -> set[str]:
    """Return the classes of a process's loops."""
    classes = {type(loop.__self__) for loop in process.loops if isinstance(loop, MethodType)}
    return {f"{each.__module__}.{each.__qualname__}" for each in classes}


async def test_the_page_names_each_loop_with_the_role_that_runs_it(tmp_path: Path) -> None:
    everything = {**FEATURES["all"], "artifacts": tmp_path / "artifacts"}
    on_the_page: dict[str, set[str]] = defaultdict(set)
    for role, loop in LOOP.findall(PROCESSES.read_text()):
        on_the_page[role].add(loop)

    async with root_with({**everything, "roles": frozenset()}) as root:
        assert loops_of(root.process()) == on_the_page["all"]
    for role in Role:
        async with root_with({**everything, "roles": frozenset({role})}) as root:
            assert loops_of(root.process()) == on_the_page["all"] | on_the_page[role.value]


async def test_artifacts_have_a_slot_and_are_swept_where_there_is_a_folder_for_them(tmp_path: Path) -> None:
    async with root_with({}) as off, root_with({"artifacts": tmp_path / "artifacts"}) as on:
        loops = len(off.process().loops), len(on.process().loops)

        assert off.artifacts() is None
        assert loops[1] == loops[0] + 1
        assert on.artifacts().sweep.run in on.process().loops
        assert "plexsphere_artifact_faults_total" in {metric.name for metric in on.metrics()}


async def test_a_folder_for_artifacts_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    async with root_with({"artifacts": tmp_path / "file"}) as root:
        with pytest.raises(SettingsError, match="PLEXSPHERE_ARTIFACTS_DIR"):
            root.artifacts()


BUILD = """
import asyncio, sys
from tests.component.test_container import FEATURES, root_with

async def build() -> None:
    async with root_with(FEATURES[sys.argv[1]]) as root:
        root.process()

asyncio.run(build())
speaking = {"aiohttp", "https_cluster", "yaml_kubeconfig_reader"}
print(*sorted(speaking & {name.rpartition(".")[2] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    ("features", "loaded"), [("none", ""), ("managed push", "aiohttp https_cluster yaml_kubeconfig_reader")]
)
def test_what_speaks_to_clusters_is_loaded_where_managed_push_is_provisioned_alone(
    features: str, loaded: str
) -> None:
    """C33: who does not push pays nothing for it."""
    told = subprocess.run(
        [sys.executable, "-c", BUILD, features], capture_output=True, text=True, check=True, timeout=60
    )

    assert told.stdout.strip() == loaded
