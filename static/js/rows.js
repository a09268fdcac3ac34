// Rows of a form that are added, dragged and stepped; the form is sent as one, in the order they stand.
// Wants: [data-rows] > [data-row], each with a [data-place] that is or holds the input of its number, a .choice-grip and
//        buttons [data-step] within [data-steps hidden]; button[data-add-row="id of the rows"]; a [data-swatch] shows
//        the colour chosen beside it.
(() => {
  "use strict";
  const rowsOf = (list) => [...list.querySelectorAll("[data-row]")];
  const placeOf = (row) => row.querySelector("input[data-place], [data-place] input");
  const number = (list) => {
    for (const [index, row] of rowsOf(list).entries()) placeOf(row).value = String(index + 1);
    list.dispatchEvent(new Event("koine:changed", { bubbles: true }));
  };
  const step = (button) => {
    const row = button.closest("[data-row]");
    const list = row.parentElement;
    const other = button.dataset.step === "-1" ? row.previousElementSibling : row.nextElementSibling;
    if (other) (button.dataset.step === "-1" ? other.before(row) : other.after(row));
    button.focus();
    if (other) number(list);
  };
  const begin = (list) => {
    for (const row of rowsOf(list)) {
      const steps = row.querySelector("[data-steps]");
      if (!steps) continue;
      steps.hidden = false;
      row.querySelector("[data-place]").hidden = true;
    }
  };
  const add = (button, list) => {
    const all = rowsOf(list);
    const row = all[all.length - 1].cloneNode(true);
    for (const input of row.querySelectorAll("input, select")) input.value = "";
    placeOf(row).value = String(all.length + 1);
    list.append(row);
    row.querySelector("[data-place] ~ label input")?.focus();
  };

  for (const list of document.querySelectorAll("[data-rows]")) {
    begin(list);
    if (typeof Sortable !== "undefined") new Sortable(list, { handle: ".choice-grip", draggable: "[data-row]", animation: 120, ghostClass: "board-ghost", onEnd: () => number(list) });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-step]");
      if (button) step(button);
    });
    list.addEventListener("change", (event) => {
      const swatch = event.target.closest("label")?.querySelector("[data-swatch]");
      if (swatch) swatch.className = `swatch pill-${event.target.value}`;
    });
  }
  for (const button of document.querySelectorAll("[data-add-row]")) {
    const list = document.getElementById(button.dataset.addRow);
    if (!list) continue;
    button.hidden = false;
    button.addEventListener("click", () => add(button, list));
  }
})();
