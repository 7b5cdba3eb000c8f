"""Who of a Domain is reachable, and the guard over mass departures."""
