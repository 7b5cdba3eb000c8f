"""The operations of the surface."""

from typing import Final

from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.projects import problems, schemas

TAG: Final = "tenancy"
ALL: Final = "/v1/projects"
ONE: Final = "/v1/projects/{project_id}"

CREATE: Final = Operation(
    "CreateProject",
    "POST",
    ALL,
    "Create a Project.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.ProjectCreate,
    answer=schemas.Project,
    headers=("Location",),
    permission="domain#manage",
    problems=(
        problems.BODY_TOO_LARGE,
        problems.INVALID_PROJECT,
        problems.PROJECT_SLUG_CONFLICT,
        problems.PARENT_DOMAIN_MISSING,
    ),
)
LIST: Final = Operation(
    "ListProjects",
    "GET",
    ALL,
    "List the Projects the caller may read, by slug.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.ProjectList,
    permission="project#read on each row",
    problems=(problems.INVALID_DOMAIN_FILTER,),
    parameters=(Parameter("domain_id", "Only this Domain's.", {"type": "string", "format": "uuid"}),),
    paged=True,
)
GET: Final = Operation(
    "GetProject",
    "GET",
    ONE,
    "Show a Project.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.Project,
    permission="project#read",
    problems=(problems.INVALID_PROJECT_ID, problems.PROJECT_NOT_FOUND),
)
PATCH: Final = Operation(
    "PatchProject",
    "PATCH",
    ONE,
    "Change what the patch names.",
    TAG,
    Credential.OPERATOR,
    body=schemas.ProjectPatch,
    answer=schemas.Project,
    permission="project#manage",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.BODY_TOO_LARGE,
        problems.INVALID_PROJECT,
        problems.SLUG_IMMUTABLE,
        problems.EMPTY_PATCH,
        problems.PROJECT_NOT_FOUND,
    ),
)
DELETE: Final = Operation(
    "DeleteProject",
    "DELETE",
    ONE,
    "Remove an empty Project.",
    TAG,
    Credential.OPERATOR,
    status=204,
    permission="project#manage",
    problems=(problems.INVALID_PROJECT_ID, problems.PROJECT_NOT_FOUND, problems.PROJECT_NOT_EMPTY),
)
