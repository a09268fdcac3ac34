// The filter form of Flask-AppBuilder's own lists: a value is sent under the name of the chosen condition
// (_flt_<number>_<column>), and an empty one is not sent at all.
(() => {
  "use strict";
  document.addEventListener("submit", (event) => {
    if (!event.target.hasAttribute("data-filters")) return;
    for (const line of event.target.querySelectorAll("[data-filter]")) {
      const condition = line.querySelector("[data-condition]");
      const controls = [...line.querySelectorAll("[data-value] :is(select, input, textarea)[name]")];
      for (const control of controls) {
        const empty = control.type === "checkbox" ? !control.checked : !control.value;
        if (empty) control.disabled = true;
        else control.name = `_flt_${condition.value}_${line.dataset.filter}`;
      }
      condition.disabled = true;
    }
  });
  addEventListener("pageshow", () => {
    for (const control of document.querySelectorAll("[data-filters] [data-filter] :disabled")) control.disabled = false;
  });
})();
