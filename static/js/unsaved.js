// A form with changes that are not saved asks before it is left. data-no-guard on a form switches that off.
(() => {
  "use strict";
  const changed = new Set();
  const guarded = (form) => form && (form.method || "").toLowerCase() === "post" && !("noGuard" in form.dataset);

  for (const name of ["input", "change"]) {
    document.addEventListener(name, (event) => {
      const form = event.target.form;
      if (guarded(form) && event.isTrusted !== false) changed.add(form);
    });
  }
  document.addEventListener("koine:changed", (event) => {
    const form = event.target.closest("form");
    if (guarded(form)) changed.add(form);
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) changed.delete(event.target);
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const form of changed) if (!form.isConnected) changed.delete(form);
  });
  addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) event.preventDefault();
  });
})();
