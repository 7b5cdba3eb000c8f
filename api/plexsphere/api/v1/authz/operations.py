"""The operations of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.authz import problems, schemas

TAG: Final = "authz"
TUPLES: Final = "/v1/authz/relation-tuples"
TUPLE: Final = TUPLES + "/{relation_tuple_id}"
OF_PROJECT: Final = (
    Parameter(
        "project_id",
        "The Project that lists the tuple.",
        {"type": "string", "format": "uuid"},
        required=True,
    ),
)

CHECK: Final = Operation(
    "PostAuthzCheck",
    "POST",
    "/v1/authz/check",
    "Tell what a subject may; another's permission on what the caller does not read is out of scope.",
    TAG,
    Credential.OPERATOR,
    body=schemas.CheckRequest,
    answer=schemas.CheckAnswer,
    problems=(problems.BODY_TOO_LARGE, problems.INVALID_CHECK_REQUEST, catalogue.AUTHZ_UNAVAILABLE),
)
LOOKUP_RESOURCES: Final = Operation(
    "PostAuthzLookupResources",
    "POST",
    "/v1/authz/lookup-resources",
    "List up to 1,000 objects on which a subject has a permission, as far as the caller reads them.",
    TAG,
    Credential.OPERATOR,
    body=schemas.LookupResourcesRequest,
    answer=schemas.LookupAnswer,
    problems=(problems.BODY_TOO_LARGE, problems.INVALID_LOOKUP_REQUEST, catalogue.AUTHZ_UNAVAILABLE),
)
LOOKUP_SUBJECTS: Final = Operation(
    "PostAuthzLookupSubjects",
    "POST",
    "/v1/authz/lookup-subjects",
    "List up to 1,000 subjects that have a permission on an object.",
    TAG,
    Credential.OPERATOR,
    body=schemas.LookupSubjectsRequest,
    answer=schemas.LookupAnswer,
    permission="read on the resource",
    problems=(problems.BODY_TOO_LARGE, problems.INVALID_LOOKUP_REQUEST),
)
LIST: Final = Operation(
    "ListRelationTuples",
    "GET",
    TUPLES,
    "List a Project's relation tuples.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.RelationTupleList,
    permission="project#read",
    problems=(problems.INVALID_PROJECT_ID,),
    parameters=OF_PROJECT,
    paged=True,
)
CREATE: Final = Operation(
    "CreateRelationTuple",
    "POST",
    TUPLES,
    "Grant a relation; granting it again changes nothing.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.RelationTupleBody,
    answer=schemas.RelationTuple,
    permission="project#manage, and manage on the tuple's own resource",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.BODY_TOO_LARGE,
        problems.INVALID_RELATION_TUPLE,
        problems.PROJECT_NOT_FOUND,
    ),
    parameters=OF_PROJECT,
)
PATCH: Final = Operation(
    "PatchRelationTuple",
    "PATCH",
    TUPLE,
    "Replace a relation as a whole.",
    TAG,
    Credential.OPERATOR,
    body=schemas.RelationTupleBody,
    answer=schemas.RelationTuple,
    permission="manage on both resources",
    problems=(
        problems.INVALID_RELATION_TUPLE_ID,
        problems.BODY_TOO_LARGE,
        problems.INVALID_RELATION_TUPLE,
        problems.RELATION_TUPLE_NOT_FOUND,
    ),
)
DELETE: Final = Operation(
    "DeleteRelationTuple",
    "DELETE",
    TUPLE,
    "Take a relation back; one on a resource that the caller does not manage is answered as unknown.",
    TAG,
    Credential.OPERATOR,
    status=204,
    problems=(
        problems.INVALID_RELATION_TUPLE_ID,
        problems.RELATION_TUPLE_NOT_FOUND,
        catalogue.AUTHZ_UNAVAILABLE,
    ),
)
