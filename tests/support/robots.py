"""Service identities with a token of their own, made through the API by an operator."""

from dataclasses import dataclass, field
from typing import Any

import httpx

TUPLES = "/v1/authz/relation-tuples"


@dataclass(frozen=True)
class Robot:
    """A caller who may nothing until somebody grants it."""

    principal_id: str
    token_id: str
    token: str = field(repr=False)

    @property
    def subject(self) -> str:
        """Return how relation tuples name it."""
        return f"service-identity:{self.principal_id}"

    @property
    def identity_ref(self) -> str:
        """Return how token routes name it."""
        return f"service:{self.principal_id}"

    @property
    def headers(self) -> dict[str, str]:
        """Return what it sends with every request."""
        return {"Authorization": f"Bearer {self.token}"}


async def made(client: httpx.AsyncClient, path: str, body: Any, **options: Any) -> dict[str, Any]:
    """Create something and return it."""
    answer = await client.post(path, json=body, **options)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def robot(operator: httpx.AsyncClient, domain_id: str, name: str = "ci") -> Robot:
    """Make a service identity of the Domain, and a token for it."""
    identity = {
        "display_name": name,
        "subject": name,
        "audience": "plexsphere",
        "federation_kind": "api_token",
    }
    principal = await made(operator, f"/v1/domains/{domain_id}/service-identities", identity)
    terms = {"identity_ref": f"service:{principal['id']}", "env_prefix": "dev"}
    token = await made(operator, "/v1/admin/tokens", terms)
    return Robot(principal["id"], token["id"], token["plaintext"])


async def grant(
    client: httpx.AsyncClient, project_id: str, subject: str, relation: str, resource: str, **options: Any
) -> str:
    """Grant a relation, listed under the Project; return the tuple's id."""
    body = {"subject": subject, "relation": relation, "resource": resource}
    kept = await made(client, TUPLES, body, params={"project_id": project_id}, **options)
    return str(kept["id"])
