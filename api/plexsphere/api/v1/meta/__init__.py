"""Health, version, the OpenAPI document and its readable form."""
