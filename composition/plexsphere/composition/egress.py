"""What this deployment dials, asked where a kubeconfig is read and where it is used."""

from dataclasses import dataclass

from plexsphere.composition.own_addresses import OwnAddresses, own_hosts
from plexsphere.composition.settings import ManagedPushSettings, Settings
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.errors import ClusterUnreachable
from plexsphere.platform.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Egress:
    """The policy of the settings, with the deployment's own addresses refused."""

    settings: ManagedPushSettings
    own: OwnAddresses

    def as_written(self) -> EgressPolicy:
        """Return what can be told without asking anybody: attaching a kubeconfig opens no socket."""
        return EgressPolicy(self.settings.egress_allow, self.settings.egress_deny, self.own.written())

    async def as_resolved(self) -> EgressPolicy:
        """
        Return what holds at this moment, for a dial.

        Raises:
            ClusterUnreachable: a name of our own leads nowhere: what is not known to be foreign is not dialled.
        """
        try:
            own = await self.own.resolved()
        except OSError as error:
            raise ClusterUnreachable from error
        return EgressPolicy(self.settings.egress_allow, self.settings.egress_deny, own)


def build_egress(settings: Settings, managed_push: ManagedPushSettings, clock: Clock) -> Egress:
    """Return the policy of a deployment."""
    return Egress(managed_push, OwnAddresses(own_hosts(settings.dsn, settings.spicedb), clock))
