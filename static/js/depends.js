// Fields that appear, close or become required with others: the server draws the form again, without saving.
// Wants: #form-fields[data-watched="field field"][data-refresh=address] within a form.
(() => {
  "use strict";
  const box = document.getElementById("form-fields");
  if (!box?.dataset.watched) return;
  const watched = new Set(box.dataset.watched.split(" "));
  const form = box.closest("form");

  form.addEventListener("change", async (event) => {
    if (!watched.has(event.target.name)) return;
    const focused = document.activeElement?.id;
    const sent = new FormData(form);
    const files = [...box.querySelectorAll('input[type="file"]')];
    files.forEach((input) => sent.delete(input.name));
    const answer = await fetch(box.dataset.refresh, { method: "POST", body: sent }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    box.replaceChildren(...page.getElementById("form-fields").children);
    files.forEach((input) => document.getElementById(input.id)?.replaceWith(input));
    document.dispatchEvent(new Event("htmx:after:swap"));
    document.getElementById(focused)?.focus();
  });
})();
