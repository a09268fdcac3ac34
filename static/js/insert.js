// A button puts its word where the cursor stands in a text. Wants: button[data-insert="word"][data-into="id of the text"].
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-insert]");
    const text = button && document.getElementById(button.dataset.into);
    if (!text) return;
    text.setRangeText(button.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
