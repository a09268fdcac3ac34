// A link that opens a dialog of the page instead of the page it leads to. Wants: a[data-opens=id of a dialog]; in the
// dialog [data-closes].
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const opener = event.target.closest("[data-opens]");
    const dialog = opener ? document.getElementById(opener.dataset.opens) : event.target.closest("[data-closes]")?.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    if (!opener) return dialog.close();
    dialog.showModal();
    dialog.querySelector(".form-grid :is(input, select, textarea):not([type=hidden], .ts-hidden-accessible)")?.focus();
  });
})();
