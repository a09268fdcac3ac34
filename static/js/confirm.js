// Forms and htmx requests with a question ask it in a native dialog before they go.
(() => {
  "use strict";
  window.koine = window.koine || {};
  const dialog = document.getElementById("confirm-dialog");
  const sure = dialog.querySelector("button[value=ok]");

  koine.ask = (question, label) =>
    new Promise((resolve) => {
      dialog.querySelector("#confirm-text").textContent = question;
      sure.textContent = label || sure.dataset.defaultLabel;
      dialog.returnValue = "";
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok"), { once: true });
      dialog.showModal();
    });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const question = form.getAttribute("data-confirm");
    if (!question || form.hasAttribute("data-confirmed")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!(await koine.ask(question, form.getAttribute("data-confirm-label")))) return;
    form.setAttribute("data-confirmed", "yes");
    form.requestSubmit(event.submitter);
    form.removeAttribute("data-confirmed");
  }, true);

  document.addEventListener("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    if (!ctx.confirm) return;
    event.preventDefault();
    koine.ask(ctx.confirm).then((yes) => (yes ? issueRequest() : dropRequest()));
  });
})();
