// A calendar beside every day that is typed: [data-date=first weekday, 0 is Monday] around an input, [data-time] with a time.
// The input is the form's own and holds what people read; the server reads it in any usual way.
(() => {
  "use strict";
  const { lang, dir } = document.documentElement;
  const locale = lang === "en" ? "en-GB" : lang;
  const words = (options) => new Intl.DateTimeFormat(locale, options);
  const day = (year, month, date) => new Date(year, month, date, 12);
  const same = (one, other) => one?.toDateString() === other.toDateString();
  const two = (number) => String(number).padStart(2, "0");
  const SHAPES = { el: (d, m, y) => `${d}/${m}/${y}`, he: (d, m, y) => `${d}.${m}.${y}`, ro: (d, m, y) => `${two(d)}.${two(m)}.${y}` };
  const shape = SHAPES[lang] || ((d, m, y) => `${two(d)}/${two(m)}/${y}`);

  const read = (text) => {
    const [, iso, year, month, date, d, m, y] = /^\s*(?:((\d{4})-(\d\d?)-(\d\d?))|(\d\d?)[./-](\d\d?)[./-](\d{4}))/.exec(text) || [];
    const found = iso ? day(+year, month - 1, +date) : y ? day(+y, m - 1, +d) : null;
    return found && found.getDate() === Number(date || d) ? found : null;
  };
  const timeOf = (text) => /\d\d?:\d\d(?::\d\d)?\s*$/.exec(text)?.[0].trim();

  let open = null;
  const close = () => {
    open?.panel.remove();
    open?.button.setAttribute("aria-expanded", "false");
    open = null;
  };

  const make = (tag, classes, text = "") => {
    const node = document.createElement(tag);
    node.className = classes;
    node.textContent = text;
    if (tag === "button") node.type = "button";
    return node;
  };

  const choose = (box, input, chosen) => {
    const time = "time" in box.dataset ? ` ${timeOf(input.value) || "09:00"}` : "";
    input.value = shape(chosen.getDate(), chosen.getMonth() + 1, chosen.getFullYear()) + time;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    close();
    input.focus();
  };

  const draw = (box, input, panel, at) => {
    const first = Number(box.dataset.date);
    const chosen = read(input.value);
    const head = make("div", "date-head");
    const step = (by, sign) => {
      const button = make("button", "btn btn-icon btn-sm", sign);
      const there = day(at.getFullYear(), at.getMonth() + by, 1);
      button.setAttribute("aria-label", words({ month: "long", year: "numeric" }).format(there));
      button.addEventListener("click", () => draw(box, input, panel, there));
      return button;
    };
    const [back, on] = dir === "rtl" ? ["›", "‹"] : ["‹", "›"];
    head.append(step(-1, back), make("strong", "", words({ month: "long", year: "numeric" }).format(at)), step(1, on));
    const grid = make("div", "date-grid");
    for (let place = 0; place < 7; place++) {
      const name = make("span", "date-name", words({ weekday: "narrow" }).format(day(2024, 0, 1 + first + place)));
      name.title = words({ weekday: "long" }).format(day(2024, 0, 1 + first + place));
      grid.append(name);
    }
    const month = day(at.getFullYear(), at.getMonth(), 1);
    const before = (month.getDay() + 6 - first + 7) % 7;
    for (let place = 0; place < 42; place++) {
      const here = day(month.getFullYear(), month.getMonth(), 1 - before + place);
      const button = make("button", "date-day", String(here.getDate()));
      button.classList.toggle("is-other", here.getMonth() !== month.getMonth());
      button.classList.toggle("is-today", same(new Date(), here));
      button.setAttribute("aria-label", words({ dateStyle: "full" }).format(here));
      button.setAttribute("aria-pressed", String(Boolean(chosen && same(chosen, here))));
      button.tabIndex = same(at, here) ? 0 : -1;
      button.dataset.day = here.toDateString();
      button.addEventListener("click", () => choose(box, input, here));
      grid.append(button);
    }
    panel.replaceChildren(head, grid);
    panel.at = at;
    panel.querySelector(`[data-day="${at.toDateString()}"]`)?.focus();
  };

  const toggle = (box, input, button) => {
    const isOpen = open?.button === button;
    close();
    if (isOpen) return;
    const panel = make("div", "date-panel");
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", box.dataset.choose);
    box.append(panel);
    button.setAttribute("aria-expanded", "true");
    open = { panel, button, box, input };
    draw(box, input, panel, read(input.value) || new Date());
  };

  const dress = (root) => {
    for (const box of root.querySelectorAll("[data-date]:not(.has-calendar)")) {
      const input = box.querySelector("input");
      if (!input || input.readOnly || input.disabled) continue;
      box.classList.add("has-calendar");
      const button = make("button", "date-button");
      button.setAttribute("aria-label", box.dataset.choose);
      button.setAttribute("aria-haspopup", "dialog");
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => toggle(box, input, button));
      box.append(button);
    }
  };

  document.addEventListener("keydown", (event) => {
    if (!open) return;
    if (event.key === "Escape") {
      event.preventDefault();
      open.button.focus();
      close();
      return;
    }
    const side = dir === "rtl" ? -1 : 1;
    const by = { ArrowLeft: -side, ArrowRight: side, ArrowUp: -7, ArrowDown: 7 }[event.key];
    if (!by || !document.activeElement.classList.contains("date-day")) return;
    event.preventDefault();
    const at = new Date(document.activeElement.dataset.day);
    draw(open.box, open.input, open.panel, day(at.getFullYear(), at.getMonth(), at.getDate() + by));
  });
  document.addEventListener("click", (event) => {
    if (open && event.target.isConnected && !open.box.contains(event.target)) close();
  });

  dress(document);
  new MutationObserver((changes) => {
    if (changes.some((change) => change.addedNodes.length)) dress(document);
  }).observe(document.body, { childList: true, subtree: true });
})();
