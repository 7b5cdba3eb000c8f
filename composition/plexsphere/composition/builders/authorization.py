"""Authorization: one schema, one Authorizer, the tuples it reads."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plexsphere.composition.bridges.mirrored_unit_of_work import MirroredUnitOfWork
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.settings import SPICEDB_VAR, SettingsError, SpiceDb
from plexsphere.identity.adapters.local_authorizer import LocalAuthorizer
from plexsphere.identity.adapters.postgres.authz_outbox import PostgresAuthzOutbox
from plexsphere.identity.adapters.postgres.relation_tuples import PostgresRelationTuples
from plexsphere.identity.adapters.zed_schema import read_schema_text
from plexsphere.identity.application.await_mirror import AwaitMirror
from plexsphere.identity.application.mirror_tuples import MirrorTuples
from plexsphere.identity.application.mirrored_authorizer import MirroredAuthorizer
from plexsphere.identity.application.prepare_mirror import PrepareMirror
from plexsphere.identity.application.reconcile_authorizer import ReconcileAuthorizer
from plexsphere.identity.domain.schema import Schema
from plexsphere.identity.domain.schema_text import parse_schema
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from plexsphere.identity.adapters.spicedb_client import SpiceDbClient


@dataclass(frozen=True, slots=True)
class Mirroring:
    """What keeps SpiceDB in step; absent with the local authorizer."""

    tuples: MirrorTuples
    awaited: AwaitMirror
    prepare: PrepareMirror
    reconcile: ReconcileAuthorizer
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Authorization:
    """
    The deployment's authorizer and its tuples.

    `unit_of_work` is the one for whoever writes relations: it is left once they count everywhere.
    """

    schema: Schema
    authorizer: Authorizer
    tuples: PostgresRelationTuples
    unit_of_work: UnitOfWork
    mirroring: Mirroring | None


def build_authorization(platform: PlatformParts, spicedb: SpiceDb | None) -> Authorization:
    """
    Return the local authorizer, or SpiceDB's where the deployment names one; that takes a running event loop.

    Raises:
        SettingsError: the named endpoint is none.
    """
    text = read_schema_text()
    schema = parse_schema(text)
    outbox = PostgresAuthzOutbox(platform.database, mirrored=spicedb is not None)
    tuples = PostgresRelationTuples(platform.database, schema, outbox, platform.clock, mint_id)
    if spicedb is None:
        local = LocalAuthorizer(platform.database, schema)
        return Authorization(schema, local, tuples, platform.database, None)
    return _mirrored(platform, spicedb, schema, text, outbox, tuples)


def _mirrored(
    platform: PlatformParts,
    spicedb: SpiceDb,
    schema: Schema,
    text: str,
    outbox: PostgresAuthzOutbox,
    tuples: PostgresRelationTuples,
) -> Authorization:
    # Only a deployment that names a SpiceDB pays for loading its client.
    from plexsphere.identity.adapters.spicedb_authorizer import SpiceDbAuthorizer
    from plexsphere.identity.adapters.spicedb_mirror import SpiceDbMirror

    client = _client(spicedb)
    mirror = SpiceDbMirror(client, text)
    mirror_tuples = MirrorTuples(outbox, mirror, platform.database)
    awaited = AwaitMirror(outbox, mirror_tuples)
    reconcile = ReconcileAuthorizer(tuples, outbox, mirror, schema, platform.database)
    prepare = PrepareMirror(outbox, mirror, reconcile)
    mirroring = Mirroring(mirror_tuples, awaited, prepare, reconcile, client.close)
    authorizer = MirroredAuthorizer(SpiceDbAuthorizer(client, schema), awaited)
    unit_of_work = MirroredUnitOfWork(platform.database, awaited)
    return Authorization(schema, authorizer, tuples, unit_of_work, mirroring)


def _client(spicedb: SpiceDb) -> "SpiceDbClient":
    from plexsphere.identity.adapters.spicedb_client import SpiceDbClient

    try:
        return SpiceDbClient(spicedb.endpoint, spicedb.token)
    except ValueError:
        raise SettingsError(
            f"{SPICEDB_VAR} is no address of a SpiceDB; set it to something like grpcs://spicedb:50051, "
            "or grpc:// where there is no TLS"
        ) from None
