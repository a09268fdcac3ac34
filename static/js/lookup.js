// Long and remote choices become type-ahead fields (Tom Select). Without scripts they stay plain selects.
//   select[data-lookup=address]  asks address?q=… for [{value, text, note}]; data-create-url offers a new record
//   select[data-choices]         several of the options that are there
//   select[data-tags]            free words
(() => {
  "use strict";
  const DELAY = 250; // milliseconds
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
    item: (data) => part("div", "", data.text),
    no_results: () => part("div", "no-results", koine.words("noneFound")),
    not_loading: () => null,
    option_create: (data) => part("div", "create", koine.words("create").replace("{text}", data.input)),
  };

  const load = (select) => async (query, callback) => {
    const address = new URL(select.dataset.lookup, location.href);
    address.searchParams.set("q", query);
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    callback(answer && answer.ok ? await answer.json() : []);
  };

  const settings = (select) => {
    const several = { plugins: { remove_button: { title: koine.words("close") } }, hideSelected: true };
    const common = { render, maxOptions: 200, placeholder: select.dataset.placeholder || "", ...(select.multiple ? several : {}) };
    if ("tags" in select.dataset) return { ...common, create: true, persist: false, createOnBlur: true };
    if (!("lookup" in select.dataset)) return common;
    const create = select.dataset.createUrl
      ? { create: (text) => (window.open(`${select.dataset.createUrl}?text=${encodeURIComponent(text)}`, "_blank"), false) }
      : {};
    return {
      ...common,
      ...create,
      allowEmptyOption: false,
      valueField: "value",
      labelField: "text",
      searchField: [],
      loadThrottle: DELAY,
      preload: "focus",
      load: load(select),
      shouldLoad: () => true,
      score: () => () => 1, // the server found them; nothing is sorted out again here
      plugins: { ...(several.plugins && select.multiple ? several.plugins : {}), ...(select.multiple ? {} : { clear_button: { title: koine.words("close") } }) },
    };
  };

  const name = (made, select) => {
    // The control Tom Select makes has no label of its own; it borrows ours.
    const label = document.getElementById(`${select.id}-label`) || document.querySelector(`label[for="${select.id}"]`);
    select.setAttribute("aria-hidden", "true");
    if (label) made.control_input.setAttribute("aria-label", label.textContent.trim());
    const told = select.getAttribute("aria-describedby");
    if (told) made.control_input.setAttribute("aria-describedby", told);
    if (select.getAttribute("aria-invalid")) made.control_input.setAttribute("aria-invalid", "true");
  };

  const enhance = () => {
    for (const select of document.querySelectorAll("select[data-lookup], select[data-choices], select[data-tags]")) {
      if (select.tomselect || select.disabled) continue;
      name(new TomSelect(select, settings(select)), select);
    }
  };
  enhance();
  document.addEventListener("htmx:after:swap", enhance);
})();
