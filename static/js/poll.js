// Elements with data-poll="30" get the event "poll" every 30 seconds (hx-trigger="poll"), not while the tab is hidden.
(() => {
  "use strict";
  const due = new WeakMap();
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-poll]")) {
      const left = (due.get(element) ?? Number(element.dataset.poll)) - 1;
      due.set(element, left > 0 ? left : Number(element.dataset.poll));
      if (left <= 0) element.dispatchEvent(new CustomEvent("poll"));
    }
  }, 1000);
})();
