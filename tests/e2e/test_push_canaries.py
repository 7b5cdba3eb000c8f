"""No secret of managed push stands anywhere but where it belongs (C19, C21, H46)."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from plexsphere.composition.embedded.postgres import EmbeddedPostgres
from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.certificates import Authority
from tests.kube_api.hostility import Deed
from tests.kube_api.server import RunningApi
from tests.support.canaries import Canaries
from tests.support.cluster import A_DIGEST, ANOTHER_DIGEST, Cluster, a_cluster_of_ours
from tests.support.collector import collecting
from tests.support.control_plane import WRAP_KEY, first_boot
from tests.support.loud_server import LoudServer, loud_server
from tests.support.postgres import FAST, TestServer, server_folder
from tests.support.raw_http import RawAnswer, bearer, call
from tests.support.robots import made
from tests.support.tables import dumped, rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

SENT, ASKED, HELD = "what was sent", "what the cluster was asked", "what the cluster holds"
GIVEN: Final = {SENT, ASKED, HELD}
LOG, WAL = "PostgreSQL's log of every statement", "PostgreSQL's write-ahead log"
SEALED_PLACES: Final = {"domain_managed_push", "domain_hook_push", "managed_push_intents", LOG, WAL}
HOOK: Final[dict[str, Any]] = {"name": "backup", "image_digest": A_DIGEST}
TARGETS: Final[LiteralString] = "SELECT kubeconfig_ciphertext FROM domain_managed_push"
STATES: Final[LiteralString] = """
    SELECT prior_state FROM domain_hook_push WHERE prior_state IS NOT NULL
    UNION ALL SELECT prior_state FROM managed_push_intents WHERE prior_state IS NOT NULL
"""
# There are two rows with one each: either gets the other's, and the same once more puts everything right.
SWAP_TARGETS: Final[LiteralString] = """
    UPDATE domain_managed_push AS one SET kubeconfig_ciphertext = other.kubeconfig_ciphertext
    FROM domain_managed_push AS other WHERE one.domain_id <> other.domain_id
"""
SWAP_STATES: Final[LiteralString] = """
    UPDATE domain_hook_push AS one SET prior_state = other.prior_state
    FROM domain_hook_push AS other
    WHERE one.id <> other.id AND one.prior_state IS NOT NULL AND other.prior_state IS NOT NULL
"""
# Who breaks a CHECK is told the whole row that does.
UNRECORDED: Final = "unrecorded"
REFUSE_RECORD: Final[LiteralString] = (
    f"ALTER TABLE domain_hook_push ADD CHECK (hook_name <> '{UNRECORDED}') NOT VALID"
)
EXPECTED: Final = {
    "attach what is no YAML": 422,
    "attach what runs a program": 422,
    "attach what sends a password": 422,
    "attach a body cut short": 400,
    "attach a body too large": 413,
    "attach": 200,
    "attach in another Domain": 200,
    "read the target": 200,
    "push over an object": 201,
    "read the push": 200,
    "push something new": 201,
    "push in another Domain": 201,
    "rehearse": 201,
    "rehearse a conflict": 409,
    "push against another manager": 409,
    "push a digest that is none": 422,
    "push a parameter that nobody stores": 422,
    "push a field that nobody knows": 400,
    "push, and the reading is refused with an echo": 502,
    "push, and the writing is refused with an echo": 502,
    "push, and the object comes broken": 502,
    "push, and the connection breaks": 502,
    "push, and nobody answers": 502,
    "push, and nobody learns what came of it": 502,
    "push, and the database refuses the record": 500,
    "push with a kubeconfig that was moved": 500,
    "read a push whose prior state was moved": 500,
    "roll back to a prior state that was moved": 500,
    "roll back": 200,
    "roll back again": 409,
    "attach another authority": 200,
    "push to a cluster that proves nothing": 502,
    "attach a port where nobody listens": 200,
    "push to nobody": 502,
    "detach": 204,
    "push without a target": 404,
}


@dataclass
class Scene:
    """A control plane that says all it can, two Domains of it, a cluster, and what was heard everywhere."""

    server: LoudServer
    operator: Secret[str]
    domains: tuple[str, str]
    cluster: Cluster
    api: RunningApi
    database: Secret[str]
    canaries: Canaries
    kubeconfig: bytes = field(repr=False)
    statuses: dict[str, int] = field(default_factory=dict)

    async def call(self, deed: str, method: str, suffix: str, body: Any = None, domain: int = 0) -> RawAnswer:
        """Send a request below a Domain's managed push, and keep what was sent and answered."""
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/v1/domains/{self.domains[domain]}/managed-push{suffix}"
        headers = bearer(self.operator.reveal())
        answer = await call(self.server.base_url, method, path, sent, headers)
        self.canaries.hear(SENT, sent or b"")
        self.canaries.hear("answers", json.dumps(answer.headers).encode(), answer.body)
        self.statuses[deed] = answer.status
        return answer

    async def attach(self, deed: str, kubeconfig: bytes, domain: int = 0) -> None:
        """Attach a kubeconfig."""
        self.canaries.hear(SENT, kubeconfig)
        body = {"kubeconfig_b64": base64.b64encode(kubeconfig).decode(), "enabled": True}
        await self.call(deed, "PUT", "", body, domain)

    async def push(self, deed: str, query: str = "", domain: int = 0, **changed: Any) -> str:
        """Push a hook, changed in these fields; return the push's id, empty where there is none."""
        parameters = {"password": self.told("a parameter")}
        wish = {"namespace": self.cluster.namespace, **HOOK, "parameters": parameters, **changed}
        answer = await self.call(deed, "POST", f"/hooks{query}", wish, domain)
        return str(answer.json()["id"]) if answer.status == 201 else ""

    def told(self, name: str) -> str:
        """Return a secret that is a text."""
        return str(self.canaries.secrets[name])

    async def made_by_others(self, *names: str) -> None:
        """Let another manager own what nobody else may see."""
        for name in names:
            parameters = {"kept": self.told("a value of the prior object")}
            body = self.cluster.hook_body(name, name=name, imageDigest=A_DIGEST, parameters=parameters)
            body["metadata"]["annotations"] = {"note": self.told("an annotation of the prior object")}
            reply = await self.cluster.customer.apply("gitops", body)
            assert reply.status == 201, reply
            self.canaries.hear(HELD, json.dumps(await self.cluster.customer.there(name)).encode())


@contextmanager
def told_everything() -> Iterator[tuple[EmbeddedPostgres, Secret[str], Path]]:
    """Lend a PostgreSQL that logs every statement with its parameters, a database, and where its log is."""
    with server_folder() as folder:
        settings = {**FAST, "log_statement": "all", "log_parameter_max_length_on_error": "-1"}
        elsewhere = folder / "elsewhere"
        with EmbeddedPostgres(folder / "data", settings=settings, elsewhere=elsewhere) as postgres:
            with TestServer(postgres).migrated_database() as dsn:
                yield postgres, dsn, folder / "data" / "postgres.log"


def known(api: RunningApi, dsn: Secret[str], operator: Secret[str]) -> tuple[Canaries, bytes]:
    """Everything that is secret before anything was done, and the kubeconfig that holds some of it."""
    credential = api.api.accounts.certificate(api.account.user)
    key, certificate = credential.key.splitlines()[1], credential.certificate.splitlines()[2]
    remark = f"remark-{secrets.token_hex(12)}"
    kubeconfig = api.kubeconfig(credential=credential) + f"# {remark}\n".encode()
    canaries = Canaries()
    # In the kubeconfig it stands in one base64 within the other.
    canaries.hear(SENT, credential.key.encode())
    canaries.know(
        {
            "the token": api.account.token,
            "the client's key": key,
            "the number in the client's key": _number_in(credential.key),
            "the client's certificate": certificate,
            "the CA": api.authority.certificate.splitlines()[2],
            "a remark in the kubeconfig": remark,
            "the kubeconfig": kubeconfig,
            "an annotation of the prior object": f"annotation-{secrets.token_hex(12)}",
            "a value of the prior object": f"value-{secrets.token_hex(12)}",
            "a parameter": f"parameter-{secrets.token_hex(12)}",
            "the wrap key": secrets.token_hex(16),
            "the previous wrap key": secrets.token_hex(16),
            "the wrap key of all else": WRAP_KEY,
            "the operator's token": operator.reveal(),
            "the database's password": urlsplit(dsn.reveal()).password or "",
        }
    )
    return canaries, kubeconfig


def _number_in(key: str) -> bytes:
    loaded = load_pem_private_key(key.encode(), None)
    assert isinstance(loaded, EllipticCurvePrivateKey)
    return loaded.private_numbers().private_value.to_bytes(32, "big")


def environment(canaries: Canaries, collector: str) -> dict[str, str]:
    def key(name: str) -> str:
        return base64.b64encode(str(canaries.secrets[name]).encode()).decode()

    return {
        "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_B64": key("the wrap key"),
        "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_PREVIOUS_B64": key("the previous wrap key"),
        "PLEXSPHERE_MANAGED_PUSH_EGRESS_ALLOW": "127.0.0.0/8",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Go through everything once; what was heard is kept."""
    with told_everything() as (postgres, dsn, log), collecting() as collector:
        operator, domain_id, _ = await first_boot(dsn)
        since = _wal_position(postgres)
        async with a_cluster_of_ours() as cluster:
            assert cluster.api is not None
            canaries, kubeconfig = known(cluster.api, dsn, operator)
            folder = tmp_path_factory.mktemp("loud")
            async with loud_server(dsn, folder, **environment(canaries, collector.endpoint)) as server:
                domains = (domain_id, await _another_domain(server.base_url, operator))
                scene = Scene(server, operator, domains, cluster, cluster.api, dsn, canaries, kubeconfig)
                await lived_through(scene)
                async with httpx.AsyncClient() as client:
                    canaries.hear("metrics", (await client.get(server.metrics_url)).content)
                canaries.hear("files", *server.files())
            for asked in cluster.api.api.log.requests:
                canaries.hear(ASKED, json.dumps(dict(asked.headers)).encode(), asked.body)
        canaries.hear_all(server.said().items())
        canaries.hear("traces", *(body for _, body in collector.bodies))
        canaries.hear_all(dumped(dsn).items())
        canaries.hear(LOG, _octets(log))
        canaries.hear(WAL, *_wal(postgres, since))
    yield scene


async def _another_domain(base_url: str, operator: Secret[str]) -> str:
    headers = bearer(operator.reveal())
    async with httpx.AsyncClient(base_url=base_url, headers=headers) as client:
        return str((await made(client, "/v1/domains", {"name": "Other", "slug": "other"}))["id"])


async def lived_through(scene: Scene) -> None:
    """Do whatever can be done with managed push, well and badly."""
    await scene.made_by_others("backup", "other-backup", "lost-backup")
    await refused_kubeconfigs(scene)
    await scene.attach("attach", scene.kubeconfig)
    await scene.attach("attach in another Domain", scene.kubeconfig, domain=1)
    await scene.call("read the target", "GET", "")
    push = await scene.push("push over an object")
    await scene.call("read the push", "GET", f"/hooks/{push}")
    await scene.push("push something new", name="new")
    await scene.push("push in another Domain", name="other-backup", domain=1)
    await refused_pushes(scene)
    await hostile_answers(scene)
    _run(scene.database, REFUSE_RECORD)
    await scene.push("push, and the database refuses the record", name=UNRECORDED, domain=1)
    scene.canaries.know(_sealed(scene.database, "kubeconfig", TARGETS))
    scene.canaries.know(_sealed(scene.database, "prior state", STATES))
    scene.canaries.hear_all(dumped(scene.database).items())
    await moved_seals(scene, push)
    await scene.call("roll back", "POST", f"/hooks/{push}:rollback")
    await scene.call("roll back again", "POST", f"/hooks/{push}:rollback")
    await other_clusters(scene)
    await scene.call("detach", "DELETE", "")
    await scene.push("push without a target")


async def refused_kubeconfigs(scene: Scene) -> None:
    """Attach what is no kubeconfig, with the secrets in it that a whole one would hold."""
    whole, token = scene.kubeconfig, scene.told("the token").encode()
    await scene.attach("attach what is no YAML", whole + b"users: [" + token)
    runs = whole.replace(b"    token: ", b"    exec: {command: /bin/true}\n    token: ")
    await scene.attach("attach what runs a program", runs)
    server = scene.api.url.encode()
    named = server.replace(b"https://", b"https://admin:" + token + b"@")
    await scene.attach("attach what sends a password", whole.replace(server, named))
    body = json.dumps({"kubeconfig_b64": base64.b64encode(whole).decode(), "enabled": True}).encode()
    await scene.call("attach a body cut short", "PUT", "", body[:-2])
    await scene.call("attach a body too large", "PUT", "", body + b" " * 65_536)


async def refused_pushes(scene: Scene) -> None:
    """Rehearse, conflict, and break the rules of a spec."""
    secret = scene.told("a parameter")
    await scene.push("rehearse", "?dry_run=true", name="rehearsed")
    await scene.push("rehearse a conflict", "?dry_run=true", image_digest=ANOTHER_DIGEST)
    await scene.push("push against another manager", image_digest=ANOTHER_DIGEST)
    await scene.push("push a digest that is none", image_digest=secret)
    await scene.push("push a parameter that nobody stores", parameters={"": secret})
    await scene.push("push a field that nobody knows", secret=secret)


async def hostile_answers(scene: Scene) -> None:
    """Push while the cluster does its worst."""
    hostility = scene.api.api.hostility
    hostility.plan(Deed.ECHO, "GET", code=500)
    await scene.push("push, and the reading is refused with an echo")
    hostility.plan(Deed.ECHO, "PATCH", code=403, after_writing=True)
    await scene.push("push, and the writing is refused with an echo")
    hostility.plan(Deed.NUL_ANNOTATION, "GET")
    await scene.push("push, and the object comes broken")
    hostility.plan(Deed.RESET, "GET", times=2)
    await scene.push("push, and the connection breaks")
    await unanswered(scene)
    hostility.plan(Deed.RESET, "PATCH", after_writing=True)
    hostility.plan(Deed.REFUSE, "GET", spared=1)
    await scene.push("push, and nobody learns what came of it", name="lost-backup", domain=1)
    hostility.forget()


async def unanswered(scene: Scene) -> None:
    """Look at every file while a push waits for an answer, with the credential in use."""
    hostility = scene.api.api.hostility
    hostility.plan(Deed.HANG, "GET")
    asked = len(scene.api.api.log.requests)
    pushing = asyncio.create_task(scene.push("push, and nobody answers"))
    async with asyncio.timeout(20):
        for pause in repeat(0.02):
            if len(scene.api.api.log.requests) > asked:
                break
            await asyncio.sleep(pause)
    scene.canaries.hear("files", *scene.server.files())
    # Who waits hears a broken connection, and asks once more.
    hostility.plan(Deed.RESET, "GET")
    hostility.released.set()
    await pushing
    hostility.forget()


async def moved_seals(scene: Scene, push: str) -> None:
    """Put what is sealed where it does not belong, and back again."""
    assert _run(scene.database, SWAP_TARGETS) == 2
    await scene.push("push with a kubeconfig that was moved")
    _run(scene.database, SWAP_TARGETS)
    assert _run(scene.database, SWAP_STATES) == 2
    await scene.call("read a push whose prior state was moved", "GET", f"/hooks/{push}")
    await scene.call("roll back to a prior state that was moved", "POST", f"/hooks/{push}:rollback")
    _run(scene.database, SWAP_STATES)


async def other_clusters(scene: Scene) -> None:
    """Push where the cluster is not the one of the kubeconfig, and where there is none."""
    stranger = scene.api.kubeconfig(authority=Authority.made("somebody else").certificate)
    await scene.attach("attach another authority", stranger)
    await scene.push("push to a cluster that proves nothing")
    await scene.attach(
        "attach a port where nobody listens", scene.api.kubeconfig(server="https://127.0.0.1:1")
    )
    await scene.push("push to nobody")


def _sealed(database: Secret[str], what: str, statement: LiteralString) -> dict[str, str | bytes]:
    found = [octets for (octets,) in rows(database, statement)]
    # The first bytes are a nonce; what follows is as good as random.
    return {f"sealed {what} {number}": bytes(octets[16:48]) for number, octets in enumerate(found)}


def _run(database: Secret[str], statement: LiteralString) -> int:
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        return connection.execute(statement).rowcount


def _octets(file: Path) -> bytes:
    return file.read_bytes()


def _wal_position(postgres: EmbeddedPostgres) -> str:
    """Begin a new file of the write-ahead log, and return its name."""
    with psycopg.connect(postgres.superuser_dsn.reveal(), autocommit=True) as connection:
        connection.execute("SELECT pg_switch_wal()")
        row = connection.execute("SELECT pg_walfile_name(pg_current_wal_insert_lsn() + 1)").fetchone()
    assert row is not None
    return str(row[0])


def _wal(postgres: EmbeddedPostgres, since: str) -> list[bytes]:
    with psycopg.connect(postgres.superuser_dsn.reveal()) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    files = sorted((Path(row[0]) / "pg_wal").glob("0*"))
    return [file.read_bytes().rstrip(b"\0") for file in files if file.name >= since]


async def test_everything_was_gone_through(scene: Scene) -> None:
    """Nothing is proven by what did not happen."""
    assert scene.statuses == EXPECTED


async def test_the_scanner_finds_each_secret_where_it_was_given_and_what_is_sealed_where_it_is_kept(
    scene: Scene,
) -> None:
    found = scene.canaries.found()
    ours = {"the wrap key", "the previous wrap key", "the wrap key of all else", "the operator's token"}
    sealed = {name for name in scene.canaries.secrets if name.startswith("sealed")}
    given = scene.canaries.secrets.keys() - sealed - ours - {"the database's password"}

    assert {name for name, place in found if place in GIVEN} - ours == given
    assert {("the token", ASKED), ("a parameter", ASKED)} <= found
    assert {name for name, place in found if place in SEALED_PLACES - {LOG, WAL}} == sealed
    assert {name for name, place in found if place == LOG} == sealed
    # The end of a page may cut one in two.
    assert {name for name, place in found if place == WAL}


async def test_no_secret_of_managed_push_stands_where_it_does_not_belong(scene: Scene) -> None:
    """C19, C21, H46: nor in any answer, line of a log at DEBUG, trace, metric, file, row of a table, or in the WAL."""
    found = scene.canaries.found()
    leaks = {
        (name, place)
        for name, place in found
        if place not in GIVEN and not (name.startswith("sealed") and place in SEALED_PLACES)
    }

    assert leaks == set()


async def test_the_places_that_were_searched_held_something(scene: Scene) -> None:
    places = {name for name, said in scene.canaries.places.items() if sum(map(len, said)) > 500}

    assert places >= {"answers", "stdout", "stderr", "traces", "metrics", LOG, WAL, *GIVEN}
    assert places >= {"domain_managed_push", "domain_hook_push", "managed_push_intents", "audit_entries"}
    assert "DEBUG asyncio" in scene.canaries.places["stdout"][0]
