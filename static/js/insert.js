// A button puts its word where the cursor stands in a text. Wants: button[data-insert="word"][data-into="id of the text"];
// without an id it goes into the formula of a condition or the text of a rule that was used last.
(() => {
  "use strict";
  const FORMULA = ".condition-formula, .condition-value input[dir=ltr], form[data-rule] :is(textarea, input[type=text])";
  let last = null;
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(FORMULA)) last = event.target;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-insert]");
    if (!button) return;
    const known = last && document.getElementById(last.id); // an editor that was drawn again has a new one
    const text = document.getElementById(button.dataset.into) || known || document.querySelector(FORMULA);
    if (!text) return;
    text.setRangeText(button.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
