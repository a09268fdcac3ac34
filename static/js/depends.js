// Fields that appear, close or become required with others while one types: the server draws the form again, without
// saving. The field one is in is left alone, and what was typed while the server thought stays.
// Wants: #form-fields[data-watched="field field"][data-refresh=address] within a form.
(() => {
  "use strict";
  const box = document.getElementById("form-fields");
  if (!box?.dataset.watched) return;
  const PAUSE = 300; // milliseconds without a key before the server is asked
  const AGAIN = 3; // questions that only what came back may cause, one after the other
  const watched = new Set(box.dataset.watched.split(" "));
  const form = box.closest("form");

  // What was typed into a field that is hidden now comes back when the field does; until then it is not sent.
  const kept = new Map();
  const controls = (root) => [...root.querySelectorAll("[name]:not([type=hidden])")];
  const chosenOf = (control) => (control.matches("select") ? [...control.selectedOptions].map(({ value, text }) => [value, text]) : null);
  const stateOf = (control) => JSON.stringify([control.value, control.checked, chosenOf(control)]);
  const remember = (control) => {
    if (control.type === "radio" && !control.checked) return;
    kept.set(control.name, { value: control.value, checked: control.checked, chosen: chosenOf(control) });
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

  const keyOf = (node) => node.dataset.field ?? node.querySelector(":scope > .card-header")?.textContent.trim() ?? node.className;
  const isOpen = (field) => !field.querySelector("[name]:read-only:not(select, [type=checkbox], [type=radio]), [name]:disabled");
  const settle = (field, fresh) => {
    field.querySelector(".form-label")?.classList.toggle("required", fresh.querySelector(".form-label.required") !== null);
    for (const control of controls(field)) control.required = fresh.querySelector(`[name="${control.name}"]:required`) !== null;
  };
  // Children that stay are replaced; the one with the cursor is entered, down to the field, which is not touched.
  const patch = (old, fresh, focused) => {
    const known = new Map([...old.children].map((child) => [keyOf(child), child]));
    const wanted = new Set([...fresh.children].map(keyOf));
    for (const [key, child] of known) if (!wanted.has(key)) child.remove();
    let place = old.firstElementChild;
    for (const child of [...fresh.children]) {
      const here = known.get(keyOf(child));
      if (here !== undefined && here === place) place = here.nextElementSibling;
      const [grid, made] = [here, child].map((part) => part?.querySelector(".form-grid"));
      if (grid?.contains(focused) && made) patch(grid, made, focused);
      else if (here?.dataset.field && here.contains(focused) && isOpen(child)) settle(here, child);
      else if (here) here.replaceWith(child);
      else old.insertBefore(child, place);
    }
  };
  const swap = (fresh, before) => {
    const names = new Set(controls(fresh).map((control) => control.name));
    const shown = new Set(controls(box).map((control) => control.name));
    const typed = new Set();
    for (const control of controls(box)) {
      const isTyped = before.get(control) !== stateOf(control);
      if (isTyped) typed.add(control.name);
      if (isTyped || !names.has(control.name)) remember(control);
    }
    for (const control of controls(fresh)) if (kept.has(control.name) && (typed.has(control.name) || !shown.has(control.name))) restore(control);
    const focused = document.activeElement;
    patch(box, fresh, box.contains(focused) ? focused : null);
    document.dispatchEvent(new Event("htmx:after:swap"));
    if (!focused.isConnected) document.getElementById(focused.id)?.focus();
  };

  let timer, running, asked;
  const watchedState = () => JSON.stringify(controls(box).filter((control) => watched.has(control.name)).map((control) => [control.name, stateOf(control)]));
  asked = watchedState();
  const ask = async (again = 0) => {
    clearTimeout(timer);
    if (watchedState() === asked || again > AGAIN) return;
    asked = watchedState();
    running?.abort();
    const mine = (running = new AbortController());
    const before = new Map(controls(box).map((control) => [control, stateOf(control)]));
    const sent = new FormData(form);
    const files = [...box.querySelectorAll('input[type="file"]')];
    files.forEach((input) => sent.delete(input.name));
    const answer = await fetch(box.dataset.refresh, { method: "POST", body: sent, signal: mine.signal }).catch(() => null);
    const text = answer?.ok ? await answer.text().catch(() => "") : "";
    if (!text || mine.signal.aborted) return;
    swap(new DOMParser().parseFromString(text, "text/html").getElementById("form-fields"), before);
    files.forEach((input) => document.getElementById(input.id)?.replaceWith(input));
    ask(again + 1);
  };

  form.addEventListener("change", (event) => watched.has(event.target.name) && ask());
  form.addEventListener("input", (event) => {
    if (!watched.has(event.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
})();
