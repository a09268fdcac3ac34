// Small things of the shell: the open menu is scrolled to, dropdowns in a table may leave it.
(() => {
  "use strict";
  document.querySelector(".sidebar [aria-current]")?.scrollIntoView({ block: "nearest" });
  for (const box of document.querySelectorAll("details[data-keep-open]")) {
    const key = `open:${box.dataset.keepOpen}`;
    if (sessionStorage.getItem(key)) box.open = true;
    box.addEventListener("toggle", () => {
      if (box.open) sessionStorage.setItem(key, "1");
      else sessionStorage.removeItem(key);
    });
  }
})();
