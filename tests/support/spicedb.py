"""
A real SpiceDB in this process, reached the way a deployed one is.

The embedded engine answers unary calls through its C interface and streaming calls on a socket of its own.
`SpiceDb` joins both behind one gRPC endpoint on loopback that asks for a bearer token, so that the official
client connects to it as to any server.
"""

import ctypes
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc  # type: ignore[import-untyped]
from spicedb_embedded import EmbeddedSpiceDB, SpiceDBError, ffi

from plexsphere.platform.kernel.secret import Secret

THREADS: Final = 16
PERMISSIONS: Final = "/authzed.api.v1.PermissionsService/"
SCHEMA: Final = "/authzed.api.v1.SchemaService/"
WRITE: Final = f"{PERMISSIONS}WriteRelationships"
UNARY: Final = {
    f"{PERMISSIONS}CheckPermission": ffi.spicedb_permissions_check_permission,
    f"{PERMISSIONS}CheckBulkPermissions": ffi.spicedb_permissions_check_bulk_permissions,
    WRITE: ffi.spicedb_permissions_write_relationships,
    f"{PERMISSIONS}DeleteRelationships": ffi.spicedb_permissions_delete_relationships,
    f"{PERMISSIONS}ExpandPermissionTree": ffi.spicedb_permissions_expand_permission_tree,
    f"{SCHEMA}ReadSchema": ffi.spicedb_schema_read_schema,
    f"{SCHEMA}WriteSchema": ffi.spicedb_schema_write_schema,
}
ENGINE_ERROR: Final = re.compile(r"rpc error: code = (?P<code>\w+) desc = (?P<details>.*)", re.DOTALL)
STATUS_BY_GO_NAME: Final = {status.name.replace("_", "").lower(): status for status in grpc.StatusCode} | {
    "canceled": grpc.StatusCode.CANCELLED
}


def load_engine(library: Path) -> None:
    """Load the native library into this process, its wrongly declared `spicedb_free` set right."""
    os.environ["SPICEDB_LIBRARY_PATH"] = str(library)
    # Declared as char*, it would free a Python copy of the text and not the pointer: a crash some time later.
    ffi._get_lib().spicedb_free.argtypes = [ctypes.c_void_p]


class SpiceDb:
    """
    One empty SpiceDB with an endpoint and a token of its own; it stops with `close`.

    `endpoint` is `127.0.0.1:<port>`, without TLS. `load_engine` must have run.
    """

    def __init__(self) -> None:
        self.token = Secret(secrets.token_urlsafe(24))
        self._is_open = True
        self._engine = EmbeddedSpiceDB.start()
        self._server = grpc.server(ThreadPoolExecutor(THREADS, thread_name_prefix="spicedb"))
        self._front = _Front(self._engine, self.token)
        self._server.add_generic_rpc_handlers((self._front,))
        self.endpoint = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def refuse_writes(self, refused: bool) -> None:
        """Answer that the engine is unavailable to every write of relations, or to none any more."""
        self._front.refuses_writes = refused

    def close(self) -> None:
        """Stop answering and forget everything; once it did, a second call does nothing."""
        if self._is_open:
            self._is_open = False
            self._server.stop(grace=0).wait()
            self._engine.close()


class _Front(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, engine: EmbeddedSpiceDB, token: Secret[str]) -> None:
        self._engine = engine
        self._expected = f"Bearer {token.reveal()}"
        self.refuses_writes = False

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Answer unary methods through the C interface and leave every other to the engine's own socket."""
        if not self._is_admitted(call.invocation_metadata):
            return grpc.unary_stream_rpc_method_handler(_turn_away)
        if self.refuses_writes and call.method == WRITE:
            return grpc.unary_unary_rpc_method_handler(_be_unavailable)
        if call.method in UNARY:
            return grpc.unary_unary_rpc_method_handler(self._unary(UNARY[call.method]))
        return grpc.unary_stream_rpc_method_handler(self._streaming(call.method))

    def _is_admitted(self, metadata: Any) -> bool:
        offered = dict(metadata or ()).get("authorization", "")
        return hmac.compare_digest(offered, self._expected)

    def _unary(self, rpc: Callable[[int, bytes], bytes]) -> Callable[[bytes, Any], bytes]:
        def answer(request: bytes, context: Any) -> bytes:
            try:
                return rpc(self._engine._handle, request)
            except SpiceDBError as error:
                context.abort(*_status(error))
                raise

        return answer

    def _streaming(self, method: str) -> Callable[[bytes, Any], Iterator[bytes]]:
        def answer(request: bytes, context: Any) -> Iterator[bytes]:
            replies = self._engine.channel().unary_stream(method)(request)
            context.add_callback(replies.cancel)
            try:
                yield from replies
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())

        return answer


def _be_unavailable(_request: bytes, context: Any) -> bytes:
    context.abort(grpc.StatusCode.UNAVAILABLE, "the engine is told to refuse writes")
    return b""


def _turn_away(_request: bytes, context: Any) -> Iterator[bytes]:
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "invalid bearer token")
    yield b""


def _status(error: SpiceDBError) -> tuple[grpc.StatusCode, str]:
    found = ENGINE_ERROR.fullmatch(str(error))
    if found is None:
        return grpc.StatusCode.UNKNOWN, str(error)
    return STATUS_BY_GO_NAME[found["code"].lower()], found["details"]
