"""
Handlers of the surface.

In the order of design D4: credential, provisioned at all, path ids, ReBAC with the denial audited first, and only then
the body. Whoever is refused has neither the decoder, nor the sealer, nor the cluster seen his bytes.
"""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import flag_parameter
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.managed_push import operations, problems, schemas
from plexsphere.api.v1.managed_push.wiring import ManagedPush
from plexsphere.platform.kernel.subjects import domain_object

FromManagedPush = NamedDependency[SkipValidation[ManagedPush | None]]


class ManagedPushController(Controller):
    """Attach and detach a Domain's cluster; push hooks into it and take them back."""

    @serves(operations.GET)
    async def show(
        self, request: AnyRequest, gate: FromGate, managed_push: FromManagedPush, domain_id: FromPath[str]
    ) -> schemas.ManagedPushTarget:
        """Show the target."""
        caller = await gate.operator(request)
        pushes = provisioned(managed_push)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "read", domain_object(domain), "managed_push.target.read")
        return schemas.ManagedPushTarget.of(await pushes.get_target(permitted, domain))

    @serves(operations.PUT)
    async def attach(
        self, request: AnyRequest, gate: FromGate, managed_push: FromManagedPush, domain_id: FromPath[str]
    ) -> schemas.ManagedPushTarget:
        """Attach a kubeconfig."""
        caller = await gate.operator(request)
        pushes = provisioned(managed_push)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "manage", domain_object(domain), "managed_push.attach")
        body = await read(request.receive, request.headers, schemas.ATTACH)
        view = await pushes.attach(permitted, domain, body.kubeconfig(), enabled=body.enabled)
        return schemas.ManagedPushTarget.of(view)

    @serves(operations.DELETE)
    async def detach(
        self, request: AnyRequest, gate: FromGate, managed_push: FromManagedPush, domain_id: FromPath[str]
    ) -> None:
        """Forget the kubeconfig."""
        caller = await gate.operator(request)
        pushes = provisioned(managed_push)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "manage", domain_object(domain), "managed_push.detach")
        await pushes.detach(permitted, domain)

    @serves(operations.PUSH)
    async def push(
        self, request: AnyRequest, gate: FromGate, managed_push: FromManagedPush, domain_id: FromPath[str]
    ) -> Response[schemas.ManagedHookPush]:
        """Push a hook."""
        caller = await gate.operator(request)
        pushes = provisioned(managed_push)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "manage", domain_object(domain), "managed_push.push")
        dry_run = flag_parameter(request, "dry_run")
        body = await read(request.receive, request.headers, schemas.PUSH)
        view = await pushes.push(permitted, domain, body.wish(), dry_run=dry_run)
        location = {} if dry_run else {"Location": operations.ONE.format(domain_id=domain, push_id=view.id)}
        return Response(schemas.ManagedHookPush.of(view), headers=location)

    @serves(operations.GET_PUSH)
    async def show_push(
        self,
        request: AnyRequest,
        gate: FromGate,
        managed_push: FromManagedPush,
        domain_id: FromPath[str],
        push_id: FromPath[str],
    ) -> schemas.ManagedHookPush:
        """Show a push."""
        caller = await gate.operator(request)
        pushes = provisioned(managed_push)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        push = path_id(push_id, problems.INVALID_PUSH_ID)
        permitted = await gate.require(caller, "read", domain_object(domain), "managed_push.push.read")
        return schemas.ManagedHookPush.of(await pushes.get_push(permitted, domain, push))

    @serves(operations.ROLL_BACK_BY_SEGMENT, operations.ROLL_BACK)
    async def roll_back(
        self,
        request: AnyRequest,
        gate: FromGate,
        managed_push: FromManagedPush,
        domain_id: FromPath[str],
        push_id: FromPath[str],
    ) -> schemas.ManagedHookPush:
        """Undo a push; a body is neither asked for nor read."""
        caller = await gate.operator(request)
        pushes = provisioned(managed_push)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        push = path_id(push_id, problems.INVALID_PUSH_ID)
        permitted = await gate.require(caller, "manage", domain_object(domain), "managed_push.rollback")
        return schemas.ManagedHookPush.of(await pushes.roll_back(permitted, domain, push))


def provisioned(managed_push: ManagedPush | None) -> ManagedPush:
    """
    Return the application behind the surface.

    Raises:
        Refusal: `managed_push_not_provisioned`, when the deployment has no wrap key for it.
    """
    if managed_push is None:
        raise Refusal(problems.MANAGED_PUSH_NOT_PROVISIONED)
    return managed_push
