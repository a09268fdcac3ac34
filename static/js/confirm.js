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
    const question = form.dataset.confirm;
    if (!question || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!(await koine.ask(question, form.dataset.confirmLabel))) return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  }, true);

  document.addEventListener("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    if (!ctx.confirm) return;
    event.preventDefault();
    koine.ask(ctx.confirm).then((yes) => (yes ? issueRequest() : dropRequest()));
  });
})();
