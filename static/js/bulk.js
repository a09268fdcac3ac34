// Ticking lines of a list. Wants: a container [data-list] with checkboxes name=rowid and [data-check-all]. Where it can do
// something with them it has a form [data-bulk-bar] with [data-selected], whose buttons send the ticked ids,
// [data-select-all] for all of the filter, and [data-select-none]; a button with data-between="2 3" wants so many. Other buttons [data-action] send them with the
// form [data-action-form]. Escape lets go of the selection. On a phone a long press on a line, or [data-select-mode],
// begins a selection; then a tap ticks a line instead of opening it.
(() => {
  "use strict";
  const boxes = (list) => [...list.querySelectorAll("input[name=rowid]")];
  const barOf = (list) => list.querySelector("[data-bulk-bar]");

  const chooseAll = (list, all) => {
    const bar = barOf(list);
    const button = bar?.querySelector("[data-select-all]");
    const sent = bar?.querySelector("input[name=_all]");
    if (sent) sent.value = all ? "1" : "";
    button?.setAttribute("aria-pressed", String(all));
    button?.classList.toggle("active", all);
  };

  const isAll = (list) => barOf(list)?.querySelector("input[name=_all]")?.value === "1";

  const refresh = (list) => {
    const all = boxes(list);
    const ticked = all.filter((box) => box.checked);
    for (const box of all) box.closest("tr, li")?.classList.toggle("is-selected", box.checked);
    if (ticked.length < all.length) chooseAll(list, false);
    const bar = barOf(list);
    if (bar) {
      bar.hidden = ticked.length === 0;
      for (const button of bar.querySelectorAll("[data-between]")) {
        const [least, most] = button.dataset.between.split(" ").map(Number);
        button.disabled = isAll(list) || ticked.length < least || ticked.length > most;
      }
      const shown = bar.querySelector("[data-selected]");
      const whole = bar.querySelector("[data-select-all]");
      const count = ticked.length.toLocaleString(document.documentElement.lang);
      if (shown) shown.textContent = whole && isAll(list) ? whole.dataset.selectAll : count;
    }
    const every = list.querySelector("[data-check-all]");
    if (every) {
      every.checked = all.length > 0 && ticked.length === all.length;
      every.indeterminate = ticked.length > 0 && ticked.length < all.length;
    }
  };

  const tick = (list, checked) => {
    for (const box of boxes(list)) box.checked = checked;
  };

  const leave = (form, list) => {
    for (const old of form.querySelectorAll("input[name=rowid][type=hidden]")) old.remove();
    for (const box of boxes(list).filter((one) => one.checked && one.form !== form)) {
      const sent = document.createElement("input");
      Object.assign(sent, { type: "hidden", name: "rowid", value: box.value });
      form.append(sent);
    }
  };

  const PRESS = 500; // milliseconds
  const phone = matchMedia("(max-width: 767.98px)");
  let timer = 0;
  let isHeld = false;

  const begin = (list, box) => {
    list.classList.add("is-selecting");
    if (box) box.checked = !box.checked;
    refresh(list);
  };

  const boxOf = (target) => target.closest?.("[data-list] tbody tr")?.querySelector("input[name=rowid]");

  document.addEventListener("pointerdown", (event) => {
    const box = event.pointerType === "touch" && boxOf(event.target);
    clearTimeout(timer);
    isHeld = false;
    if (!box || !phone.matches) return;
    timer = setTimeout(() => {
      isHeld = true;
      begin(box.closest("[data-list]"), box);
    }, PRESS);
  });
  for (const name of ["pointermove", "pointerup", "pointercancel"]) {
    document.addEventListener(name, () => clearTimeout(timer));
  }
  document.addEventListener("contextmenu", (event) => {
    if (isHeld) event.preventDefault();
  });
  document.addEventListener(
    "click",
    (event) => {
      const box = boxOf(event.target);
      const list = box?.closest("[data-list].is-selecting");
      if (!list || !phone.matches || event.target === box) return;
      event.preventDefault();
      event.stopPropagation();
      if (!isHeld) begin(list, box);
      isHeld = false;
    },
    true,
  );

  document.addEventListener("change", (event) => {
    const list = event.target.closest("[data-list]");
    if (!list) return;
    if (event.target.matches("[data-check-all]")) tick(list, event.target.checked);
    if (event.target.matches("[data-check-all], input[name=rowid]")) refresh(list);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.hasAttribute("data-bulk-bar")) return; // a field may be called `closest`, and hide the form's own
    const list = event.target.closest("[data-list]");
    if (list) leave(event.target, list);
  });

  document.addEventListener("click", async (event) => {
    const list = event.target.closest("[data-list]");
    if (!list) return;
    if (event.target.closest("[data-select-all]")) {
      const all = !isAll(list);
      tick(list, true);
      chooseAll(list, all);
      refresh(list);
    } else if (event.target.closest("[data-select-mode]")) {
      begin(list);
      boxes(list)[0]?.focus();
    } else if (event.target.closest("[data-select-none]")) {
      tick(list, false);
      list.classList.remove("is-selecting");
      refresh(list);
      list.querySelector("[data-check-all]")?.focus();
    }
    const button = event.target.closest("[data-action]");
    const form = button && list.querySelector("form[data-action-form]");
    if (!form || !boxes(list).some((box) => box.checked)) return;
    if (button.dataset.question && !(await koine.ask(button.dataset.question, button.textContent.trim()))) return;
    form.querySelector("[name=action]").value = button.dataset.action;
    leave(form, list);
    form.submit();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.target.closest?.("dialog, .dropdown-menu, input[type=search], .offcanvas")) return;
    for (const list of document.querySelectorAll("[data-list]:has([data-bulk-bar]:not([hidden]))")) {
      tick(list, false);
      refresh(list);
    }
  });

  const start = () => document.querySelectorAll("[data-list]").forEach(refresh);
  start();
  document.addEventListener("htmx:after:swap", start);
})();
