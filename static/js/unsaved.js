// A form with changes that are not saved asks before it is left. data-no-guard on a form switches that off.
(() => {
  "use strict";
  window.koine = window.koine || {};
  const changed = new Set();
  // By attributes: a field that is called `method` or `dataset` takes the place of the form's property.
  koine.isTyped = (form) => form?.getAttribute("method")?.toLowerCase() === "post" && !form.hasAttribute("data-no-guard");
  const guarded = koine.isTyped;

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
  // A form that came back with what is wrong in it holds what was typed.
  for (const form of document.forms) if (guarded(form) && form.querySelector(".error-summary, [aria-invalid]")) changed.add(form);
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) changed.delete(event.target);
  });
  document.addEventListener("koine:saved", (event) => changed.delete(event.target));
  document.addEventListener("htmx:after:swap", () => {
    for (const form of changed) if (!form.isConnected) changed.delete(form);
  });
  addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) event.preventDefault();
  });
})();
