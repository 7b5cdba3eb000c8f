"""Stable names for people outside that give nobody away."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from plexsphere.identity.domain.principal import Identity, Principal
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """HMAC-SHA256 under a pepper: without it nobody can test a guess, and two Domains cannot compare notes."""

    pepper: Secret[bytes]

    def identity(self, principal: Principal) -> Identity:
        """Return the principal with the pseudonym of its external subject, or of its id where it has none."""
        return Identity(principal, self._of(principal))

    def _of(self, principal: Principal) -> str:
        subject = principal.external_subject or str(principal.reference)
        text = f"{principal.domain_id}\n{subject}"
        return hmac.new(self.pepper.reveal(), text.encode(), sha256).hexdigest()
