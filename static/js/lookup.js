// Long and remote choices become type-ahead fields (Tom Select). Without scripts they stay plain selects.
//   select[data-lookup=address]  asks address?q=… for [{value, text, note}]
//   select[data-choices]         several of the options that are there
//   select[data-tags]            free words
// What is marked, and so what Enter takes, always matches what stands in the field: the list is the answer to the last
// keystroke or it is empty. Enter before the answer waits for it, and takes it where there is only one hit.
(() => {
  "use strict";
  const DELAY = 200; // milliseconds without a key before the server is asked
  const part = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    const words = document.createElement("bdi");
    words.textContent = text;
    made.append(words);
    return made;
  };

  const render = {
    option: (data) => {
      const line = part("div", "", data.text);
      if (data.note) line.append(part("span", "option-note", data.note));
      return line;
    },
    item: (data) => {
      const line = part("div", "", data.text);
      if (data.note) line.title = data.note;
      return line;
    },
    no_results: () => part("div", "no-results", koine.words("noneFound")),
    not_loading: () => null,
    option_create: (data) => part("div", "create", koine.words("create").replace("{text}", data.input)),
  };

  const settings = (select) => {
    const remover = { remove_button: { title: koine.words("remove") } };
    const several = select.multiple ? { plugins: remover, hideSelected: true, clearAfterSelect: true } : {};
    const common = { render, maxOptions: 200, refreshThrottle: 0, placeholder: select.dataset.placeholder || "", ...several };
    if ("tags" in select.dataset) return { ...common, create: true, persist: false, createOnBlur: true, addPrecedence: true };
    return common;
  };

  // What one look-up has asked last: `hits` are ranks by value, true of `query` only; while `waiting` nothing is.
  class Asking {
    constructor(address) {
      Object.assign(this, { address, query: null, hits: new Map(), waiting: false, failed: false, enter: false });
    }

    rank(query, value) {
      return query === this.query && !this.waiting ? (this.hits.get(value) ?? 0) : 0;
    }

    begin(query) {
      this.stop();
      Object.assign(this, { query, hits: new Map(), waiting: true, failed: false });
    }

    stop() {
      clearTimeout(this.timer);
      this.running?.abort();
      this.waiting = this.enter = false;
    }

    async fetch() {
      const address = new URL(this.address, location.href);
      address.searchParams.set("q", this.query);
      this.running = new AbortController();
      const asked = { headers: { Accept: "application/json" }, signal: this.running.signal };
      const answer = await fetch(address, asked).catch(() => null);
      if (answer?.redirected) koine.signedOut();
      const found = answer?.ok && !answer.redirected ? await answer.json().catch(() => null) : null;
      this.failed = !found;
      return found || [];
    }
  }

  // Options that stand in the select itself, such as “me”, are found like those of the server, and before them.
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const ownOptions = (select) => [...select.options].filter(({ value }) => value).map(({ value, text }) => ({ value, text }));

  const lookUp = (select) => {
    const standing = ownOptions(select);
    const asking = new Asking(select.dataset.lookup);
    const noHits = () => part("div", "no-results", koine.words(asking.waiting ? "searching" : asking.failed ? "failed" : "noneFound"));
    const own = {
      valueField: "value",
      labelField: "text",
      searchField: ["text"],
      allowEmptyOption: false,
      shouldLoad: () => true,
      render: { ...render, no_results: noHits },
      score: (query) => (option) => asking.rank(query, option.value),
    };
    if (!select.multiple) own.plugins = { clear_button: { title: koine.words("clear") } };
    const made = new TomSelect(select, { ...settings(select), ...own });
    const typed = () => made.control_input.value.trim();

    const draw = () => {
      made.isDropdownContentStale = true;
      made.clearActiveOption();
      made.refreshOptions(made.isFocused && !made.isInputHidden);
    };
    const arrive = (answer) => {
      const near = standing.filter(({ text }) => fold(text).includes(fold(asking.query)));
      const known = new Set(near.map(({ value }) => value));
      const found = [...near, ...answer.filter(({ value }) => !known.has(value))];
      asking.hits = new Map(found.map(({ value }, place) => [value, 1 / (1 + place)]));
      made.clearOptions();
      made.addOptions(found);
      asking.waiting = false;
      draw();
      const only = asking.enter && found.length === 1 ? found[0].value : null;
      asking.enter = false;
      if (only === null) return;
      made.addItem(only);
      made.setTextboxValue("");
      if (!select.multiple) made.close();
    };
    const ask = (query, delay) => {
      asking.begin(query);
      made.clearOptions();
      draw();
      asking.timer = setTimeout(async () => {
        const found = await asking.fetch();
        if (asking.query === query && asking.waiting && !asking.running.signal.aborted) arrive(found);
      }, delay);
    };

    made.on("type", () => ask(typed(), DELAY));
    made.on("focus", () => (asking.query === typed() && !asking.failed) || ask(typed(), 0));
    const renew = () => made.isFocused && asking.query !== typed() && ask(typed(), 0);
    made.on("item_add", () => setTimeout(renew)); // when the field is empty again
    made.on("dropdown_open", renew);
    made.on("blur", () => {
      if (asking.waiting) asking.query = null;
      asking.stop();
    });
    made.wrapper.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Enter" || event.isComposing || !asking.waiting) return;
        event.preventDefault();
        event.stopPropagation();
        asking.enter = typed() !== "";
      },
      true,
    );
    return made;
  };

  const name = (made, select) => {
    // The control Tom Select makes has no label of its own; it borrows ours.
    const label = document.getElementById(`${select.id}-label`) || document.querySelector(`label[for="${select.id}"]`);
    const words = label?.textContent.trim() || select.getAttribute("aria-label");
    select.setAttribute("aria-hidden", "true");
    if (words) made.control_input.setAttribute("aria-label", words);
    const told = select.getAttribute("aria-describedby");
    if (told) made.control_input.setAttribute("aria-describedby", told);
    if (select.getAttribute("aria-invalid")) made.control_input.setAttribute("aria-invalid", "true");
  };

  const enhance = () => {
    for (const select of document.querySelectorAll("select[data-lookup], select[data-choices], select[data-tags]")) {
      if (select.tomselect || select.disabled) continue;
      name("lookup" in select.dataset ? lookUp(select) : new TomSelect(select, settings(select)), select);
    }
  };
  enhance();
  document.addEventListener("htmx:after:swap", enhance);
})();
