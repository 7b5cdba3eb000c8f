"""One simulated node: everything an agent says on the wire, nothing it does to a machine."""

from collections.abc import Callable, Mapping

from plexd.node.demand import Demand
from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.events.payloads import Payload
from plexd.protocol.masked import Masked
from plexd.protocol.messages.capabilities import Capabilities
from plexd.protocol.messages.executions import ActionCancelled, ActionRequest
from plexd.protocol.timing import Timing
from plexd.simulate.background import Background
from plexd.simulate.duty import Duty, every
from plexd.simulate.enrolment import Candidate, Enrol
from plexd.simulate.executions import Executions, Perform, succeed
from plexd.simulate.following import Following
from plexd.simulate.key_rotation import rotate_keys
from plexd.simulate.observed_node import ObservedNode
from plexd.simulate.pace import Pace
from plexd.simulate.reconciliation import Reconcile
from plexd.simulate.upgrade import works_of
from plexd.simulate.upkeep import beat, report_endpoint


class SimulatedNode(ObservedNode):
    """
    Enrols, fetches its state, follows its events, gives signs of life, reports its endpoint and reconciles.

    As a context manager it is enrolled and running inside the block and vanishes without a word at its end. A dead
    credential ends it, and so does a defect: `failure` then says so, and every wait raises it.
    """

    __slots__ = (
        "_candidate",
        "_enrol",
        "_executions",
        "_perform",
        "_reconcile",
        "_reconciling",
        "_rotating",
    )

    def __init__(
        self,
        control_plane: ControlPlane,
        token: str | Masked,
        hostname: str,
        *,
        endpoint: str = "203.0.113.10:51820",
        metadata: Mapping[str, str] | None = None,
        capabilities: Capabilities | None = None,
        pace: Pace | None = None,
        timing: Timing | None = None,
        perform: Perform = succeed,
        record_latency: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        masked = token if isinstance(token, Masked) else Masked(token)
        self._candidate = Candidate(masked, hostname, endpoint, dict(metadata or {}), capabilities)
        self._enrol = Enrol(control_plane, pace or Pace(), timing or Timing.system(), record_latency)
        self._perform = perform
        self._background = Background(self._fail)

    async def __aenter__(self) -> "SimulatedNode":
        await self.enrol()
        self.run()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def enrol(self) -> None:
        """
        Become a member and fetch the state for the first time.

        Raises:
            ControlPlaneError: not let in.
        """
        self._member = await self._enrol(self._candidate)
        works = works_of(self._member, self._candidate.metadata)
        self._executions = Executions(self._member, self._perform, self._background.spawn, works)
        self._following = Following(self._member, self._meet)
        self._reconcile = Reconcile(self._member, self._executions.accept)
        self._reconciling = Duty(self._reconcile, self._background.spawn)
        self._rotating = Duty(self._rotate, self._background.spawn)
        await self._reconcile()

    def run(self) -> None:
        """Begin all duties; the node must be enrolled."""
        timing, pace = self._member.timing, self._member.pace
        self._background.spawn(self._following)
        self._background.spawn(lambda: every(pace.heartbeat, self._beat, timing))
        self._background.spawn(lambda: every(pace.endpoint, self._report_endpoint, timing))
        self._background.spawn(self._reconcile_at_intervals)

    async def stop(self) -> None:
        """Vanish: no further call is made; nobody is told."""
        await self._background.stop()
        self._member.is_streaming = False

    async def deregister(self) -> None:
        """
        Stop and leave the mesh for good.

        Raises:
            ControlPlaneError: as every call.
        """
        await self.stop()
        await self._member.channel.deregister()

    def reconcile_now(self) -> None:
        """Ask for a reconciliation out of turn."""
        self._reconciling.request()

    async def secret(self, key: str) -> Masked:
        """
        Fetch a secret and open it.

        Raises:
            ControlPlaneError: as every call.
            UndecipherableError: it is not sealed under this node's secret key.
        """
        return self._member.secret_key.open(await self._member.channel.secret(key))

    def _meet(self, demand: Demand, payload: Payload | None) -> None:
        match demand:
            case Demand.RECONCILE:
                self._reconciling.request()
            case Demand.ROTATE_KEYS:
                self._rotating.request_unless_running()
            case Demand.EXECUTE if isinstance(payload, ActionRequest):
                self._executions.accept(payload)
            case Demand.CANCEL if isinstance(payload, ActionCancelled):
                self._executions.cancel(payload.execution_id)

    async def _beat(self) -> None:
        for demand in await beat(self._member):
            self._meet(demand, None)

    async def _report_endpoint(self) -> None:
        await report_endpoint(self._member)

    async def _rotate(self) -> None:
        await rotate_keys(self._member)
        # A state fetched meanwhile may have brought back pair keys from before the rotation.
        self._reconciling.request()

    async def _reconcile_at_intervals(self) -> None:
        timing, interval = self._member.timing, self._member.pace.reconcile
        await timing.sleep(interval * timing.chance())
        await every(interval, self._request_reconciliation, timing)

    async def _request_reconciliation(self) -> None:
        self._reconciling.request()
