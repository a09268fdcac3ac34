// Moments of the last days in words ("5 minutes ago"), the exact one in the title: <time datetime> that the server drew.
(() => {
  "use strict";
  const { lang, dataset } = document.documentElement;
  const words = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  const days = new Intl.DateTimeFormat("en-CA", { timeZone: dataset.timeZone || undefined, year: "numeric", month: "2-digit", day: "2-digit" });
  const MINUTE = 60, HOUR = 3_600, DAY = 86_400; // seconds
  const MOST = 7; // days

  // Days are those of the reader's calendar, however long the night was; hours and minutes have passed in full.
  const dayOf = (moment) => Date.parse(days.format(moment)) / 1000 / DAY;
  const relative = (then, now) => {
    const seconds = (then - now) / 1000;
    const length = Math.abs(seconds);
    if (length < MINUTE) return [0, "second"];
    if (length < HOUR) return [Math.trunc(seconds / MINUTE), "minute"];
    if (length < DAY) return [Math.trunc(seconds / HOUR), "hour"];
    return [dayOf(then) - dayOf(now), "day"];
  };

  const say = (box) => {
    const [count, unit] = relative(Date.parse(box.dateTime), Date.now());
    const text = box.querySelector("bdi") || box;
    box.dataset.exact ??= text.textContent;
    const near = unit !== "day" || Math.abs(count) < MOST;
    text.textContent = near ? words.format(count, unit).replace(/ \([12]\)/, "") : box.dataset.exact; // Hebrew: "an hour (1)"
    if (near) box.title = box.dataset.exact;
    else box.removeAttribute("title");
  };
  const sayAll = () => {
    for (const box of document.querySelectorAll("time[data-ago]")) say(box);
  };
  sayAll();
  setInterval(sayAll, 60_000);
  document.addEventListener("htmx:after:swap", sayAll);
})();
