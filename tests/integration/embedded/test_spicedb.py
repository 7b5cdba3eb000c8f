"""The embedded SpiceDB behaves as a deployed one does for the official client."""

import grpc  # type: ignore[import-untyped]
import pytest
from authzed.api.v1 import (
    AsyncClient,
    CheckPermissionRequest,
    CheckPermissionResponse,
    Consistency,
    LookupResourcesRequest,
    ObjectReference,
    ReadSchemaRequest,
    Relationship,
    RelationshipUpdate,
    SubjectReference,
    WriteRelationshipsRequest,
    WriteSchemaRequest,
)
from grpcutil import insecure_bearer_token_credentials  # type: ignore[import-untyped]

from tests.support.spicedb import SpiceDb

pytestmark = pytest.mark.spicedb

SCHEMA = """
definition principal {}

definition project {
    relation owner: principal
    permission read = owner
}
"""
ALICE = SubjectReference(object=ObjectReference(object_type="principal", object_id="alice"))
PROJECT = ObjectReference(object_type="project", object_id="one")
OWNERSHIP = RelationshipUpdate(
    operation=RelationshipUpdate.Operation.OPERATION_TOUCH,
    relationship=Relationship(resource=PROJECT, relation="owner", subject=ALICE),
)
CHECK = CheckPermissionRequest(
    consistency=Consistency(fully_consistent=True), resource=PROJECT, permission="read", subject=ALICE
)


async def test_the_official_client_writes_and_checks_over_the_endpoint(spicedb: SpiceDb) -> None:
    client = connect(spicedb)
    await client.WriteSchema(WriteSchemaRequest(schema=SCHEMA))

    before = await client.CheckPermission(CHECK)
    written = await client.WriteRelationships(WriteRelationshipsRequest(updates=[OWNERSHIP]))
    after = await client.CheckPermission(CHECK)

    assert before.permissionship == CheckPermissionResponse.PERMISSIONSHIP_NO_PERMISSION
    assert written.written_at.token
    assert after.permissionship == CheckPermissionResponse.PERMISSIONSHIP_HAS_PERMISSION


async def test_streamed_answers_come_over_the_same_endpoint(spicedb: SpiceDb) -> None:
    client = connect(spicedb)
    await client.WriteSchema(WriteSchemaRequest(schema=SCHEMA))
    await client.WriteRelationships(WriteRelationshipsRequest(updates=[OWNERSHIP]))

    lookup = LookupResourcesRequest(
        consistency=Consistency(fully_consistent=True),
        resource_object_type="project",
        permission="read",
        subject=ALICE,
    )
    found = [reply.resource_object_id async for reply in client.LookupResources(lookup)]

    assert found == ["one"]


async def test_a_wrong_token_is_turned_away(spicedb: SpiceDb) -> None:
    client = AsyncClient(spicedb.endpoint, insecure_bearer_token_credentials("wrong"))

    with pytest.raises(grpc.RpcError) as refusal:
        await client.ReadSchema(ReadSchemaRequest(), timeout=5)

    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_the_engines_refusals_keep_their_status(spicedb: SpiceDb) -> None:
    client = connect(spicedb)
    await client.WriteSchema(WriteSchemaRequest(schema=SCHEMA))
    unknown = CheckPermissionRequest(resource=PROJECT, permission="fly", subject=ALICE)

    with pytest.raises(grpc.RpcError) as refusal:
        await client.CheckPermission(unknown, timeout=5)

    assert refusal.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_every_test_gets_an_empty_engine(spicedb: SpiceDb) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        await connect(spicedb).ReadSchema(ReadSchemaRequest(), timeout=5)

    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


def connect(spicedb: SpiceDb) -> AsyncClient:
    return AsyncClient(spicedb.endpoint, insecure_bearer_token_credentials(spicedb.token.reveal()))
