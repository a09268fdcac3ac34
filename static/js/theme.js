// Runs before the style sheets: the page never flashes in the wrong colours.
// What the user chose is remembered in the browser and, once the page tells us, on the server.
(() => {
  "use strict";
  const root = document.documentElement;
  const remembered = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = remembered() || root.dataset.themeChoice || (dark.matches ? "dark" : "light");
    root.setAttribute("data-bs-theme", choice);
    dispatchEvent(new CustomEvent("crm:theme", { detail: choice }));
  };
  dark.addEventListener("change", apply);
  apply();

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const choice = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", choice);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    root.setAttribute("data-bs-theme", choice);
    dispatchEvent(new CustomEvent("crm:theme", { detail: choice }));
  });
})();
