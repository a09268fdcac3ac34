// Moments of the last days in words ("5 minutes ago"), the exact one in the title: <time datetime> that the server drew.
(() => {
  "use strict";
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  const STEPS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
  const LONGEST = 7 * 86_400; // seconds

  const say = (box) => {
    const seconds = (Date.parse(box.dateTime) - Date.now()) / 1000;
    const text = box.querySelector("bdi") || box;
    box.dataset.exact ??= text.textContent;
    const near = Math.abs(seconds) < LONGEST;
    const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) || ["minute", 60];
    text.textContent = near ? words.format(Math.trunc(seconds / size), unit) : box.dataset.exact;
    if (near) box.title = box.dataset.exact;
  };
  const sayAll = () => {
    for (const box of document.querySelectorAll("time[data-ago]")) say(box);
  };
  sayAll();
  setInterval(sayAll, 60_000);
  document.addEventListener("htmx:after:swap", sayAll);
})();
