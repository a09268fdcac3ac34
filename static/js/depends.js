// Fields that appear, close or become required with others: the server draws the form again, without saving.
// Wants: #form-fields[data-watched="field field"][data-refresh=address] within a form.
(() => {
  "use strict";
  const box = document.getElementById("form-fields");
  if (!box?.dataset.watched) return;
  const watched = new Set(box.dataset.watched.split(" "));
  const form = box.closest("form");

  // What was typed into a field that is hidden now comes back when the field does; until then it is not sent.
  const kept = new Map();
  const controls = (root) => [...root.querySelectorAll("[name]:not([type=hidden])")];
  const remember = (control) => {
    if (control.type === "radio" && !control.checked) return;
    const chosen = control.matches("select") ? [...control.selectedOptions].map(({ value, text }) => [value, text]) : null;
    kept.set(control.name, { value: control.value, checked: control.checked, chosen });
  };
  const restore = (control) => {
    const { value, checked, chosen } = kept.get(control.name);
    if (!chosen) {
      if (control.type === "radio") control.checked = control.value === value;
      else Object.assign(control, control.type === "checkbox" ? { checked } : { value });
      return;
    }
    for (const option of control.options) option.selected = false;
    for (const [key, text] of chosen) {
      const option = [...control.options].find((known) => known.value === key) || new Option(text, key);
      if (!option.isConnected) control.append(option);
      option.selected = true;
    }
  };
  const swap = (fresh) => {
    const names = new Set(controls(fresh).map((control) => control.name));
    const before = new Set(controls(box).map((control) => control.name));
    for (const control of controls(box)) if (!names.has(control.name)) remember(control);
    for (const control of controls(fresh)) if (!before.has(control.name) && kept.has(control.name)) restore(control);
    box.replaceChildren(...fresh.children);
  };

  form.addEventListener("change", async (event) => {
    if (!watched.has(event.target.name)) return;
    const focused = document.activeElement?.id;
    const sent = new FormData(form);
    const files = [...box.querySelectorAll('input[type="file"]')];
    files.forEach((input) => sent.delete(input.name));
    const answer = await fetch(box.dataset.refresh, { method: "POST", body: sent }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    swap(page.getElementById("form-fields"));
    files.forEach((input) => document.getElementById(input.id)?.replaceWith(input));
    document.dispatchEvent(new Event("htmx:after:swap"));
    document.getElementById(focused)?.focus();
  });
})();
