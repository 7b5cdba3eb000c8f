// Draws the document of this very server. No badge of a validator elsewhere, no configuration from the address bar,
// and a pasted token is forgotten with the page.
SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#document",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  queryConfigEnabled: false,
  tagsSorter: "alpha",
  validatorUrl: null,
});
