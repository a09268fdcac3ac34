// A text with lines: numbers beside it, Tab writes two spaces (Esc, then Tab leaves), a problem's link puts the caret there.
// Wants: textarea[data-code]; links [data-goto="line:column"]; [data-code-hint] is shown.
(() => {
  "use strict";
  const text = document.querySelector("textarea[data-code]");
  if (!text) return;
  const BREAK = /\r\n|[\n\r\x85\u2028\u2029]/g; // what YAML takes for the end of a line
  const links = [...document.querySelectorAll("[data-goto]")];
  const wrong = new Set(links.map((link) => parseInt(link.dataset.goto, 10)));

  const starts = () => [0, ...[...text.value.matchAll(BREAK)].map((found) => found.index + found[0].length)];
  // Columns count characters; a caret counts what strings are made of, where some characters are two.
  const caretAt = (line, column) => {
    const found = starts();
    const start = found[Math.min(line, found.length) - 1];
    const [words] = text.value.slice(start).split(BREAK, 1);
    return start + [...words].slice(0, column - 1).join("").length;
  };
  const lineHeight = () => parseFloat(getComputedStyle(text).lineHeight);
  const goTo = (line, column) => {
    const caret = caretAt(line, column);
    text.focus();
    text.setSelectionRange(caret, caret);
    text.scrollTop = Math.max(0, (line - 4) * lineHeight());
    text.scrollIntoView({ block: "nearest" });
  };
  for (const link of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      goTo(...link.dataset.goto.split(":").map(Number));
    });
  }

  const gutter = document.createElement("div");
  gutter.className = "code-gutter";
  gutter.setAttribute("aria-hidden", "true");
  const box = document.createElement("div");
  box.className = "code-box";
  text.replaceWith(box);
  const numbers = document.createElement("div");
  gutter.append(numbers);
  box.append(gutter, text);
  let count = 0;
  const follow = () => { gutter.scrollTop = text.scrollTop; };
  const number = () => {
    const now = starts().length;
    if (now === count) return;
    if (count) wrong.clear(); // the lines have moved since they were checked
    count = now;
    const { font, paddingTop, paddingBottom } = getComputedStyle(text);
    Object.assign(gutter.style, { font, minWidth: `${String(count).length + 2}ch` });
    Object.assign(numbers.style, { paddingTop, paddingBottom });
    numbers.replaceChildren(...Array.from({ length: count }, (_, index) => {
      const line = document.createElement("div");
      line.textContent = String(index + 1);
      line.classList.toggle("is-wrong", wrong.has(index + 1));
      return line;
    }));
    follow();
  };
  text.addEventListener("input", number);
  text.addEventListener("scroll", follow);
  number();

  let leaves = false;
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaves = true;
    else if (event.key !== "Tab" && event.key !== "Shift") leaves = false;
    if (event.key !== "Tab" || leaves || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (!document.execCommand("insertText", false, "  ")) text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
  });
  text.addEventListener("blur", () => { leaves = false; });
  document.querySelector("[data-code-hint]")?.removeAttribute("hidden");
})();
