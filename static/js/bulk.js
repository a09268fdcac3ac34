// Ticking lines of a list. Wants: a container [data-list] with checkboxes name=rowid, [data-check-all], and a bar
// [data-bulk-bar] with [data-selected]. Buttons [data-action] send the ticked ids with the form #action_form.
(() => {
  "use strict";
  const boxes = (list) => [...list.querySelectorAll("input[name=rowid]")];

  const refresh = (list) => {
    const all = boxes(list);
    const ticked = all.filter((box) => box.checked);
    for (const box of all) box.closest("tr, li")?.classList.toggle("is-selected", box.checked);
    const bar = list.querySelector("[data-bulk-bar]");
    if (bar) {
      bar.hidden = ticked.length === 0;
      const shown = bar.querySelector("[data-selected]");
      if (shown) shown.textContent = ticked.length.toLocaleString(document.documentElement.lang);
    }
    const every = list.querySelector("[data-check-all]");
    if (every) {
      every.checked = all.length > 0 && ticked.length === all.length;
      every.indeterminate = ticked.length > 0 && ticked.length < all.length;
    }
  };

  document.addEventListener("change", (event) => {
    const list = event.target.closest("[data-list]");
    if (!list) return;
    if (event.target.matches("[data-check-all]")) {
      for (const box of boxes(list)) box.checked = event.target.checked;
    }
    if (event.target.matches("[data-check-all], input[name=rowid]")) refresh(list);
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-action]");
    const list = button?.closest("[data-list]");
    if (!list) return;
    const form = list.querySelector("form[data-action-form]");
    const ticked = boxes(list).filter((box) => box.checked);
    if (!form || !ticked.length) return;
    if (button.dataset.question && !(await koine.ask(button.dataset.question, button.textContent.trim()))) return;
    form.querySelector("[name=action]").value = button.dataset.action;
    for (const box of ticked) {
      const sent = document.createElement("input");
      Object.assign(sent, { type: "hidden", name: "rowid", value: box.value });
      form.append(sent);
    }
    form.submit();
  });

  const start = () => document.querySelectorAll("[data-list]").forEach(refresh);
  start();
  document.addEventListener("htmx:after:swap", start);
})();
