// The editor of conditions: its buttons and selects draw it again without leaving the page, and while one types it
// says what the lines mean. Without scripts the same buttons send the form. Wants: [data-conditions=address][data-name].
(() => {
  "use strict";
  const DELAY = 400; // milliseconds
  const PATIENCE = 300; // milliseconds after which a number that is no longer true gives way
  const EDITOR = "[data-conditions]";
  const asked = new WeakMap(); // the latest question of an editor; answers to older ones are dropped
  const timers = new WeakMap();

  const content = (editor, button) => {
    const sent = new FormData();
    const { name } = editor.dataset;
    const form = editor.closest("form");
    for (const [key, value] of new FormData(form)) {
      if (key === "csrf_token" || key === name || key.startsWith(`${name}/`)) sent.append(key, value);
    }
    if (button) sent.append(button.name, button.value);
    return new URLSearchParams(sent);
  };

  // A count that takes long says so; the number of before would be read as that of now.
  const counting = (editor) => {
    const said = editor.querySelector("[data-counting]");
    const count = said?.querySelector("strong");
    const before = count?.textContent;
    const timer = setTimeout(() => count && (count.textContent = said.dataset.counting), PATIENCE);
    return (isAnswered) => {
      clearTimeout(timer);
      if (count && !isAnswered) count.textContent = before;
    };
  };

  const ask = async (editor, button) => {
    const question = {};
    asked.set(editor, question);
    const token = document.querySelector("meta[name=csrf-token]").content;
    const request = { method: "POST", body: content(editor, button), headers: { "X-CSRFToken": token } };
    const stop = counting(editor);
    const answer = await fetch(editor.dataset.conditions, request).catch(() => null);
    stop(answer?.ok);
    if (asked.get(editor) !== question || !editor.isConnected) return null;
    if (!answer?.ok || answer.redirected) {
      if (button) koine.toast(koine.words(answer ? "failed" : "offline"), { bad: true });
      return null;
    }
    return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(EDITOR);
  };

  const control = (scope) => scope?.querySelector("select, textarea, input:not([type=hidden])");

  // After a button, the keyboard stands in the new row, or where the removed one was.
  const focusOn = (editor, made, button) => {
    const [deed, place] = button.value.split(":");
    const places = (root) => [...root.querySelectorAll("fieldset.condition")].map((row) => row.id);
    const before = places(editor);
    if (deed === "add") return made.querySelector(`#${CSS.escape(places(made).find((id) => !before.includes(id)) || "none")}`);
    if (deed === "formula") return made.querySelector(`[name="${CSS.escape(`${place}.v`)}"]`)?.parentElement;
    const next = before.slice(before.indexOf(button.closest("fieldset").id)).find((id) => places(made).includes(id));
    return next ? made.querySelector(`#${next}`) : made.querySelector(".conditions-add");
  };

  // What was typed or chosen while the answer was on its way stays: it goes into the same control, drawn anew. Several
  // controls may have one name (an amount and its unit), so each is known by its place among them too.
  const controls = (editor) => {
    const places = {};
    const named = [...editor.querySelectorAll("select[name], textarea[name], input[name]:not([type=hidden])")];
    return new Map(named.map((field) => [`${field.name} ${(places[field.name] = (places[field.name] ?? 0) + 1)}`, field]));
  };
  const chosen = (field) => (field.matches("select") ? [...field.selectedOptions].map(({ value, text }) => [value, text]) : field.value);
  const states = (editor) => new Map([...controls(editor)].map(([key, field]) => [key, JSON.stringify(chosen(field))]));
  const choose = (select, wanted) => {
    const isOpen = "lookup" in select.dataset;
    if (!isOpen && wanted.some(([value]) => ![...select.options].some((option) => option.value === value))) return;
    for (const option of select.options) option.selected = false;
    for (const [value, text] of wanted) {
      const option = [...select.options].find((known) => known.value === value) || select.appendChild(new Option(text, value));
      option.selected = true;
    }
  };
  const carryOver = (editor, before, made) => {
    const fresh = controls(made);
    let carried = false;
    for (const [key, field] of controls(editor)) {
      const target = fresh.get(key);
      if (!before.has(key) || before.get(key) === JSON.stringify(chosen(field)) || target?.tagName !== field.tagName) continue;
      if (field.matches("select")) choose(target, chosen(field));
      else target.value = field.value;
      carried = true;
    }
    return carried;
  };

  // One drawing after the other: what is pressed or chosen meanwhile is done to what comes back.
  const drawing = new WeakMap();
  const sameButton = (editor, button) =>
    button && [...editor.querySelectorAll("button[name=_conditions]")].find(({ value }) => value === button.value);
  const redraw = async (editor, button) => {
    if (drawing.has(editor)) return drawing.get(editor).push(button);
    const waiting = [];
    drawing.set(editor, waiting);
    const before = states(editor);
    const made = await ask(editor, button);
    drawing.delete(editor);
    if (!made) return waiting.length ? redraw(editor, waiting.pop()) : undefined;
    const carried = carryOver(editor, before, made);
    replace(editor, made, button);
    for (const next of waiting) if (!next || sameButton(made, next)) redraw(made, sameButton(made, next));
    if (carried && !waiting.length) tell(made);
  };
  const replace = (editor, made, button) => {
    const focused = document.activeElement?.id;
    clearTimeout(timers.get(editor));
    const target = button && focusOn(editor, made, button);
    for (const select of editor.querySelectorAll("select")) select.tomselect?.destroy();
    editor.replaceWith(made);
    document.dispatchEvent(new Event("htmx:after:swap"));
    if (target) (control(target) || target.querySelector("button"))?.focus();
    else if (focused) document.getElementById(focused)?.focus();
  };

  const tell = async (editor) => {
    if (drawing.has(editor)) return; // what comes back says it too
    const made = await ask(editor, null);
    for (const part of made ? made.querySelectorAll("[data-part]") : []) {
      const old = document.getElementById(part.id);
      if (!old) continue;
      old.replaceChildren(...part.childNodes);
      old.hidden = part.hidden;
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[name=_conditions]");
    const editor = button?.closest(EDITOR);
    if (!editor?.dataset.conditions) return;
    event.preventDefault();
    redraw(editor, button);
  });
  document.addEventListener("change", (event) => {
    const editor = event.target.closest?.(EDITOR);
    if (!editor?.dataset.conditions) return;
    clearTimeout(timers.get(editor));
    if (event.target.matches("[data-redraw]")) redraw(editor, null);
    else tell(editor);
  });
  document.addEventListener("input", (event) => {
    const editor = event.target.closest?.(EDITOR);
    if (!editor?.dataset.conditions || event.target.matches("select")) return;
    clearTimeout(timers.get(editor));
    timers.set(editor, setTimeout(() => tell(editor), DELAY));
  });
})();
