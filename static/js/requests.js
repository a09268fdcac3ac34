// What every htmx request carries and what its answer does: the CSRF token, the thin line while one waits, and a
// message instead of a broken page when the server fails. A refused form (422) is swapped in like any answer.
(() => {
  "use strict";
  const line = document.querySelector("[data-progress-line]");
  const token = document.querySelector("meta[name=csrf-token]").content;
  let waiting = 0;
  let timer;

  const show = () => {
    waiting += 1;
    timer = timer || setTimeout(() => (line.hidden = false), 300);
  };
  const hide = () => {
    waiting = Math.max(0, waiting - 1);
    if (waiting) return;
    clearTimeout(timer);
    timer = undefined;
    line.hidden = true;
  };

  document.addEventListener("htmx:config:request", (event) => {
    const { request } = event.detail.ctx;
    if (request.method !== "GET") request.headers["X-CSRFToken"] = token;
  });
  document.addEventListener("htmx:before:request", show);
  document.addEventListener("htmx:finally:request", hide);

  const isSilent = (ctx) => ctx.sourceElement.hasAttribute("data-poll");

  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const { status } = ctx.response;
    const signedOut = status === 401 || (ctx.response.raw.redirected && ctx.response.raw.url.includes("/login"));
    if (signedOut || status >= 500) {
      event.preventDefault();
      if (isSilent(ctx)) return;
      if (signedOut) koine.signedOut();
      else koine.toast(koine.words("failed"), { bad: true });
    }
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = event.detail;
    if (ctx && ctx.request && !isSilent(ctx)) koine.toast(koine.words("offline"), { bad: true });
  });

  const focusSummary = (root) => root.querySelector?.("[data-focus]")?.focus();
  document.addEventListener("htmx:after:swap", () => focusSummary(document));
  focusSummary(document);
})();
