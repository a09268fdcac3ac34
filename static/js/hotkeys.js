// Keys: / search, c new, e edit, g then h or a number, j and k lines, x select, Enter open, ? help.
// A key is known by its place, so that it works whatever alphabet the keyboard writes; / and ? also by their sign.
// Elements answer by data-hotkey="e"; nothing happens while somebody types.
(() => {
  "use strict";
  const help = document.getElementById("hotkeys-dialog");
  const typing = (element) => element.closest?.("input, textarea, select, [contenteditable], dialog, .ts-wrapper");
  let going = false;

  const rows = () => [...document.querySelectorAll("[data-list] tbody tr, [data-list] [data-row]")];
  const current = () => document.querySelector("[data-list] .is-current");

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = all[Math.min(all.length - 1, Math.max(0, at + by))] || all[0];
    current()?.classList.remove("is-current");
    next.classList.add("is-current");
    next.scrollIntoView({ block: "nearest" });
    next.querySelector("a")?.focus({ preventScroll: true });
  };

  const nameOf = (event) => {
    if (event.key === "?" || event.key === "/") return event.key;
    if (event.code === "Slash") return event.shiftKey ? "?" : "/";
    if (event.shiftKey) return "";
    const [, letter, number] = /^(?:Key([A-Z])|(?:Digit|Numpad)([0-9]))$/.exec(event.code) || [];
    return letter?.toLowerCase() || number || "";
  };

  const go = (key) => {
    if (key === "h") location.assign("/");
    const links = document.querySelectorAll(".sidebar nav a");
    const wanted = links[Number(key) - 1];
    if (wanted) location.assign(wanted.href);
  };

  const keys = {
    "?": () => help.showModal(),
    j: () => step(1),
    k: () => step(-1),
    x: () => current()?.querySelector("input[name=rowid]")?.click(),
    g: () => {
      going = true;
      setTimeout(() => (going = false), 1500);
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const name = nameOf(event);
    if (going) {
      going = false;
      go(name);
      return;
    }
    const named = /^[/a-z]$/.test(name) && document.querySelector(`[data-hotkey="${name}"]`);
    if (named) {
      event.preventDefault();
      if (named.matches("input")) named.focus();
      else named.click();
    } else if (keys[name]) {
      event.preventDefault();
      keys[name]();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-hotkeys]")) help.showModal();
  });
})();
