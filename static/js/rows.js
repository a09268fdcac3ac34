// Rows of a form that can be added. Wants: [data-rows] > [data-row] and a button[data-add-row="id of the rows"].
(() => {
  "use strict";
  for (const button of document.querySelectorAll("[data-add-row]")) {
    const rows = document.getElementById(button.dataset.addRow);
    if (!rows) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const all = rows.querySelectorAll("[data-row]");
      const row = all[all.length - 1].cloneNode(true);
      for (const input of row.querySelectorAll("input, select")) {
        if (input.name.endsWith(".place")) input.value = String(all.length + 1);
        else input.value = "";
      }
      rows.append(row);
      row.querySelector("input:not([type=hidden])")?.focus();
    });
  }
})();
