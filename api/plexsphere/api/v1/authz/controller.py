"""Handlers of the surface."""

from uuid import UUID

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, one_parameter
from plexsphere.api.v1.authz import operations, problems, schemas
from plexsphere.api.v1.authz.wiring import Authz
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.subjects import project_object

FromAuthz = NamedDependency[SkipValidation[Authz]]


class QuestionsController(Controller):
    """Check and look up permissions; the application judges who may ask what."""

    @serves(operations.CHECK)
    async def check(self, request: AnyRequest, gate: FromGate, authz: FromAuthz) -> schemas.CheckAnswer:
        """Answer a question; a refused subject is an answer, never an error."""
        caller = await gate.operator(request)
        body = await read(request.receive, request.headers, schemas.CHECK)
        async with gate.decisions(caller.principal_id):
            return schemas.CheckAnswer.of(await authz.check(caller, body.triple()))

    @serves(operations.LOOKUP_RESOURCES)
    async def lookup_resources(
        self, request: AnyRequest, gate: FromGate, authz: FromAuthz
    ) -> schemas.LookupAnswer:
        """List what a subject may."""
        caller = await gate.operator(request)
        body = await read(request.receive, request.headers, schemas.LOOKUP_RESOURCES)
        async with gate.decisions(caller.principal_id):
            found = await authz.resources(caller, body.subject, body.relation, body.resource_type)
        return schemas.LookupAnswer(list(found), CORRELATION_ID.get())

    @serves(operations.LOOKUP_SUBJECTS)
    async def lookup_subjects(
        self, request: AnyRequest, gate: FromGate, authz: FromAuthz
    ) -> schemas.LookupAnswer:
        """List who may."""
        caller = await gate.operator(request)
        body = await read(request.receive, request.headers, schemas.LOOKUP_SUBJECTS)
        async with gate.decisions(caller.principal_id):
            found = await authz.subjects(caller, body.resource, body.relation, body.subject_type)
        return schemas.LookupAnswer(list(found), CORRELATION_ID.get())


class RelationTuplesController(Controller):
    """List, grant, replace and take back relations."""

    @serves(operations.LIST)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, cursors: FromCursors, authz: FromAuthz
    ) -> schemas.RelationTupleList:
        """List a Project's."""
        caller = await gate.operator(request)
        project = _project(request)
        permitted = await gate.require(caller, "read", project_object(project), "relation_tuple.list")
        pager = Pager(cursors, f"relation-tuples {project}")
        page = await authz.page(permitted, project, pager.wanted(request, caller))
        return schemas.RelationTupleList(
            [schemas.RelationTuple.of(view) for view in page.rows], pager.next_cursor(caller, page.position)
        )

    @serves(operations.CREATE)
    async def create(self, request: AnyRequest, gate: FromGate, authz: FromAuthz) -> schemas.RelationTuple:
        """Grant a relation."""
        caller = await gate.operator(request)
        project = _project(request)
        permitted = await gate.require(caller, "manage", project_object(project), "relation_tuple.create")
        body = await read(request.receive, request.headers, schemas.TUPLE)
        return schemas.RelationTuple.of(await authz.create(permitted, project, body.triple()))

    @serves(operations.PATCH)
    async def replace(
        self, request: AnyRequest, gate: FromGate, authz: FromAuthz, relation_tuple_id: FromPath[str]
    ) -> schemas.RelationTuple:
        """Replace a relation; the application gates it, for it alone knows the old one's resource."""
        caller = await gate.operator(request)
        tuple_id = path_id(relation_tuple_id, problems.INVALID_RELATION_TUPLE_ID)
        body = await read(request.receive, request.headers, schemas.TUPLE)
        async with gate.decisions(caller.principal_id):
            return schemas.RelationTuple.of(await authz.replace(caller, tuple_id, body.triple()))

    @serves(operations.DELETE)
    async def remove(
        self, request: AnyRequest, gate: FromGate, authz: FromAuthz, relation_tuple_id: FromPath[str]
    ) -> None:
        """Take a relation back; the application gates it, for it alone knows its resource."""
        caller = await gate.operator(request)
        tuple_id = path_id(relation_tuple_id, problems.INVALID_RELATION_TUPLE_ID)
        async with gate.decisions(caller.principal_id):
            await authz.remove(caller, tuple_id)


def _project(request: AnyRequest) -> UUID:
    text = one_parameter(request, "project_id", problems.INVALID_PROJECT_ID)
    return path_id(text, problems.INVALID_PROJECT_ID)
