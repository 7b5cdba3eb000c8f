"""The operation of the surface."""

from typing import Final

from plexsphere.api.operation import Credential, Operation
from plexsphere.api.v1.registration import problems
from plexsphere.api.v1.registration.schemas import RegisterAnswer, RegisterRequest

REGISTER: Final = Operation(
    "PostRegister",
    "POST",
    "/v1/register",
    "Enrol a machine with a one-time bootstrap token.",
    "node protocol",
    Credential.NONE,
    status=201,
    answer=RegisterAnswer,
    body=RegisterRequest,
    problems=problems.ALL,
)
