// The search field on top is a combobox: what is typed is asked at /search/panel, and what comes is a list of links.
// The list is the answer to the last keystroke: keys mark nothing in an older one, and a late answer is dropped.
// On a phone the field and its list fill the screen.
(() => {
  "use strict";
  const DELAY = 250; // milliseconds without a key before the server is asked
  const LEAST = 2; // letters
  const WAITING = 400; // milliseconds before "Searching…" is shown
  const form = document.querySelector("[data-search]");
  if (!form) return;
  const input = form.querySelector("[role=combobox]");
  const panel = form.querySelector(".search-panel");
  const list = form.querySelector("[role=listbox]");
  const note = form.querySelector(".search-note");
  const status = form.querySelector("[role=status]");
  const behind = () => document.querySelectorAll(".page-main, .bottom-bar, .sidebar, .skip-link");
  const phone = matchMedia("(max-width: 767.98px)");
  let asked = null; // words that were asked last
  let shown = null; // words that the list answers
  let running = null;
  let timer;
  let slow;

  const typed = () => input.value.trim();
  const options = () => [...list.querySelectorAll("[role=option]")];
  const current = () => list.querySelector("[aria-selected=true]");
  const isOpen = () => !panel.hidden;

  const mark = (option) => {
    current()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  };

  const say = (text, isSeen) => {
    note.textContent = isSeen ? text : "";
    note.hidden = !isSeen;
    status.textContent = text;
  };

  const show = (open) => {
    panel.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    form.classList.toggle("is-open", open);
    form.closest(".topbar").classList.toggle("is-searching", open);
    const isSheet = open && phone.matches;
    document.documentElement.classList.toggle("has-sheet", isSheet);
    for (const element of behind()) element.inert = isSheet;
    if (!open) mark(null);
  };

  const stop = () => {
    clearTimeout(timer);
    clearTimeout(slow);
    running?.abort();
    running = null;
  };

  const fill = (text) => {
    const found = new DOMParser().parseFromString(text, "text/html").querySelector("[data-found]");
    if (!found) return false;
    list.replaceChildren(...found.childNodes);
    options().forEach((option, place) => (option.id = `found-${place}`));
    panel.scrollTop = 0;
    say(found.dataset.status, false);
    return true;
  };

  const fail = (answer) => {
    asked = null; // the next key or visit asks again; what was found before stays
    if (answer?.redirected || answer?.status === 401) {
      koine.signedOut();
      say(koine.words("signedOut"), true);
    } else say(koine.words(answer ? "failed" : "offline"), true);
  };

  const load = async (words) => {
    const mine = new AbortController();
    running = mine;
    slow = setTimeout(() => say(koine.words("searching"), true), WAITING);
    const asking = { headers: { "X-Requested-With": "XMLHttpRequest" }, signal: mine.signal };
    const answer = await fetch(`${form.dataset.search}?${new URLSearchParams({ q: words })}`, asking).catch(() => null);
    const text = answer?.ok && !answer.redirected ? await answer.text().catch(() => null) : null;
    if (running !== mine) return;
    stop();
    list.removeAttribute("aria-busy");
    if (text !== null && fill(text)) shown = words;
    else fail(answer);
  };

  const ask = (delay) => {
    const words = typed();
    show(true);
    if (words === asked) return;
    stop();
    mark(null);
    asked = words;
    shown = null;
    list.setAttribute("aria-busy", "true");
    if (words.length > 0 && words.length < LEAST) {
      list.replaceChildren();
      list.removeAttribute("aria-busy");
      shown = words;
      say(form.dataset.short, true);
    } else timer = setTimeout(() => load(words), delay);
  };

  const leave = () => {
    stop();
    if (shown !== typed()) asked = null;
    show(false);
  };

  const step = (by) => {
    if (shown !== typed()) return;
    const places = [null, ...options()];
    const at = places.indexOf(current());
    mark(places[(at + by + places.length) % places.length]);
  };

  const keys = {
    ArrowDown: () => (isOpen() ? step(1) : ask(0)),
    ArrowUp: () => (isOpen() ? step(-1) : ask(0)),
    Enter: (event) => {
      const option = isOpen() && current();
      if (!option) return typed() !== "";
      if (event.ctrlKey || event.metaKey) window.open(option.href, "_blank", "noopener");
      else location.assign(option.href);
      return false;
    },
    Escape: () => {
      if (!isOpen()) return true;
      leave();
      if (phone.matches) input.blur();
      return false;
    },
  };

  input.addEventListener("keydown", (event) => {
    if (event.isComposing || !(event.key in keys)) return;
    if (keys[event.key](event) !== true) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  input.addEventListener("input", () => ask(typed() === "" ? 0 : DELAY));
  input.addEventListener("focus", () => ask(0));
  input.addEventListener("click", () => isOpen() || ask(0));
  form.querySelector("[data-close-search]").addEventListener("click", () => {
    leave();
    input.blur();
  });
  panel.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  form.addEventListener("focusout", ({ relatedTarget }) => {
    const isLeft = relatedTarget ? !form.contains(relatedTarget) : document.hasFocus() && !phone.matches;
    if (isOpen() && isLeft) leave();
  });
  document.addEventListener("pointerdown", (event) => {
    if (isOpen() && !form.contains(event.target)) leave();
  });
  window.addEventListener("pagehide", () => isOpen() && leave());
})();
