// A preview can be made as narrow as a phone. Wants: input[data-narrow="name"] and an iframe of that name.
(() => {
  "use strict";
  for (const box of document.querySelectorAll("[data-narrow]")) {
    const frame = document.querySelector(`iframe[name="${CSS.escape(box.dataset.narrow)}"]`);
    box.addEventListener("change", () => frame?.classList.toggle("is-narrow", box.checked));
  }
})();
