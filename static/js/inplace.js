// Fields edited where they are shown. Wants: a container [data-inplace=address] whose cells [data-field=name] can be
// edited; in a table the heads of the columns say so, and the number of the record comes from the line's checkbox. A
// cell opens by its pencil [data-pencil], by a double click, or by F2 on the line with the focus. Enter saves, Escape puts back what was there,
// Tab saves and goes on to the next field. The server answers 204, or the control with the reason.
(() => {
  "use strict";
  let open = null;

  const nameOf = (cell) => {
    const heads = cell.closest("table")?.tHead;
    return (heads ? heads.rows[0].cells[cell.cellIndex] : cell)?.dataset.field;
  };

  const cellsIn = (scope) => {
    const all = scope.matches("tr") ? [...scope.cells] : [...scope.querySelectorAll("[data-field]")];
    return all.filter(nameOf);
  };

  const cellsOf = (cell) => cellsIn(cell.closest("tr") || cell.closest("[data-inplace]"));

  const cellAt = (target) => {
    const cell = target.closest?.("[data-inplace] tbody td, div[data-field]");
    return cell && nameOf(cell) ? cell : null;
  };

  const urlOf = (cell) => {
    const base = cell.closest("[data-inplace]").dataset.inplace;
    const number = cell.closest("tr")?.querySelector("input[name=rowid]")?.value;
    return `${base}${number ? `${number}/` : ""}${nameOf(cell)}`;
  };

  const holderOf = (cell) => cell.querySelector("dd") || cell;

  const fill = (html) => {
    const piece = new DOMParser().parseFromString(html, "text/html").body;
    for (const select of open.holder.querySelectorAll("select")) select.tomselect?.destroy();
    open.holder.replaceChildren(...piece.childNodes);
    document.dispatchEvent(new Event("htmx:after:swap"));
    open.form = open.holder.querySelector("form");
    open.sent = serialized();
    const control = ".form-control, .form-select, .ts-control input, input:not([type=hidden]), textarea, select";
    open.form.querySelector(control)?.focus();
    open.form.querySelector("input.form-control[type=text], textarea")?.select();
  };

  const serialized = () => new URLSearchParams(new FormData(open.form)).toString();

  const put = () => {
    const { cell, holder, kept } = open;
    for (const select of holder.querySelectorAll("select")) select.tomselect?.destroy();
    holder.replaceChildren(...kept);
    cell.classList.remove("is-editing");
    open = null;
    return cell;
  };

  const focusOn = (cell) => {
    const target = cell.querySelector("[data-pencil], a") || cell;
    if (!target.matches("a, button")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  };

  const begin = async (cell) => {
    if (!cell || open) return;
    open = { cell, holder: holderOf(cell), kept: [...holderOf(cell).childNodes] };
    const answer = await fetch(urlOf(cell)).catch(() => null);
    if (!answer || !answer.ok || answer.redirected) {
      open = null;
      koine.toast(koine.words(answer ? "failed" : "offline"), { bad: true });
      return;
    }
    cell.classList.add("is-editing");
    fill(await answer.text());
  };

  // What a save changes besides, such as a formula or the title, comes with the page as it is now.
  const refresh = async (cell) => {
    const number = cell.closest("tr")?.querySelector("input[name=rowid]")?.value;
    const name = nameOf(cell);
    const answer = await fetch(location.href).catch(() => null);
    if (!answer || !answer.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const pieces = number ? [`tr:has(input[name=rowid][value="${number}"])`] : ["[data-inplace]", ".record-head-title"];
    for (const piece of pieces) {
      const [old, fresh] = [document.querySelector(piece), page.querySelector(piece)];
      if (old && fresh) old.replaceWith(fresh);
      else if (old && number) old.classList.add("is-gone");
    }
    document.dispatchEvent(new Event("htmx:after:swap"));
    const scope = document.querySelector(pieces[0]);
    return scope && cellsIn(scope).find((one) => nameOf(one) === name);
  };

  const save = async (next) => {
    const editing = open;
    if (serialized() === editing.sent && !editing.form.querySelector("[role=alert]")) {
      const cell = put();
      if (!next) focusOn(cell);
      return begin(next);
    }
    const answer = await fetch(editing.form.action, {
      method: "POST",
      body: new URLSearchParams(serialized()),
      headers: { "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content },
    }).catch(() => null);
    if (open !== editing) return undefined;
    if (!answer || answer.status >= 500) return koine.toast(koine.words(answer ? "failed" : "offline"), { bad: true });
    if (answer.redirected || answer.status === 401) return koine.signedOut();
    if (answer.status !== 204) return fill(await answer.text());
    const at = next && cellsOf(editing.cell).indexOf(next);
    const cell = await refresh(put());
    if (!cell) return undefined;
    if (!next) return focusOn(cell);
    return begin(cellsOf(cell)[at]);
  };

  document.addEventListener("click", (event) => {
    const pencil = event.target.closest("[data-pencil]");
    if (pencil) begin(cellAt(pencil));
    else if (event.target.closest("[data-cancel]") && open?.form.contains(event.target)) focusOn(put());
  });

  document.addEventListener("dblclick", (event) => {
    const cell = cellAt(event.target);
    if (cell && !event.target.closest("a, button, input, select, textarea")) begin(cell);
  });

  document.addEventListener("submit", (event) => {
    if (open?.form !== event.target) return;
    event.preventDefault();
    save(null);
  });

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "F2" && !open) {
        const lines = "[data-inplace] tbody tr";
        const line = event.target.closest?.(lines) || document.querySelector(`${lines}.is-current`);
        const cell = cellAt(event.target) || (line && cellsIn(line)[0]);
        if (cell) event.preventDefault();
        return void begin(cell);
      }
      if (!open?.form?.contains(event.target) || event.isComposing) return;
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        focusOn(put());
      } else if (event.key === "Tab" && !event.target.closest(".inplace-buttons")) {
        const all = cellsOf(open.cell);
        const next = all[all.indexOf(open.cell) + (event.shiftKey ? -1 : 1)];
        if (!next) return;
        event.preventDefault();
        save(next);
      }
    },
    true,
  );
})();
