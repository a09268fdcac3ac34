// Small things of the shell: the open menu and the open tab are scrolled to; a table that fits its card is no scroll
// box of its own, so that its head can stay at the top of the window.
(() => {
  "use strict";
  document.querySelector(".sidebar [aria-current]")?.scrollIntoView({ block: "nearest" });
  for (const tab of document.querySelectorAll(".link-tabs .active")) {
    const tabs = tab.closest(".link-tabs");
    const off = tab.getBoundingClientRect().left - tabs.getBoundingClientRect().left;
    tabs.scrollLeft += off - (tabs.clientWidth - tab.offsetWidth) / 2;
  }
  for (const box of document.querySelectorAll("details[data-keep-open]")) {
    const key = `open:${box.dataset.keepOpen}`;
    if (sessionStorage.getItem(key)) box.open = true;
    box.addEventListener("toggle", () => {
      if (box.open) sessionStorage.setItem(key, "1");
      else sessionStorage.removeItem(key);
    });
  }

  const fit = (box) => box.classList.toggle("is-fitting", (box.firstElementChild?.scrollWidth ?? 0) <= box.clientWidth);
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target.closest(".table-responsive"))));
  const watch = () => document.querySelectorAll(".table-responsive, .table-responsive > table").forEach((part) => sizes.observe(part));
  watch();
  document.addEventListener("htmx:after:swap", watch);
})();
