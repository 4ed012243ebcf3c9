// Starts Swagger UI on the address in the element's data attribute (no inline script: the CSP).
"use strict";
(function () {
  const place = document.getElementById("swagger");
  window.SwaggerUIBundle({
    url: place.dataset.openapi,
    domNode: place,
    deepLinking: true,
    validatorUrl: null,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
})();
