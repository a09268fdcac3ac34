// Runs before the style sheets: the page never flashes in the wrong colours.
// data-theme-choice on <html>: light, dark or system as a signed-in user chose; "" for a stranger, for whom the
// browser remembers. The toggle keeps the choice on the user's profile.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const memory = (action) => {
    try {
      return action(localStorage);
    } catch {
      return null; // Without storage the choice lasts as long as the page.
    }
  };

  const apply = () => {
    const known = root.dataset.themeChoice || memory((storage) => storage.getItem("theme")) || "system";
    const theme = known === "system" ? (dark.matches ? "dark" : "light") : known;
    root.setAttribute("data-bs-theme", theme);
    dispatchEvent(new CustomEvent("crm:theme", { detail: theme }));
  };

  const keep = (theme) => {
    memory((storage) => storage.setItem("theme", theme));
    if (!root.dataset.themeChoice) return;
    root.dataset.themeChoice = theme;
    const token = document.querySelector("meta[name=csrf-token]").content;
    const headers = { "X-CSRFToken": token, Accept: "application/json" };
    fetch("/profile/", { method: "POST", headers, body: new URLSearchParams({ theme }) }).catch(() => null);
  };

  if (root.dataset.themeChoice) memory((storage) => storage.setItem("theme", root.dataset.themeChoice));
  dark.addEventListener("change", apply);
  apply();

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    keep(root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark");
    apply();
  });
})();
