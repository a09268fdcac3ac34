// The preview beside a form follows it without leaving the page: what is typed is posted, and the answer drawn into the
// frame; nothing is saved. It can be as wide as a desktop. Wants: iframe[data-preview=address], form[data-previewed],
// and radios [data-width="frame"] of value "phone" or "desktop".
(() => {
  "use strict";
  const DELAY = 400; // milliseconds
  const frame = document.querySelector("iframe[data-preview]");
  if (!frame) return;
  const form = document.querySelector("form[data-previewed]");
  const token = document.querySelector("meta[name=csrf-token]").content;
  let timer;
  let asked; // the latest question; answers to older ones are dropped
  let touched = false;

  const draw = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("main");
    const old = frame.contentDocument?.getElementById("main");
    if (!fresh || !old) return;
    old.replaceChildren(...fresh.childNodes);
    frame.contentDocument.dispatchEvent(new Event("htmx:after:swap"));
  };

  const refresh = async () => {
    const question = (asked = {});
    const address = frame.contentWindow.location.pathname + frame.contentWindow.location.search;
    const request = form ? { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-CSRFToken": token } } : {};
    const answer = await fetch(address, request).catch(() => null);
    if (asked === question && answer?.ok) draw(await answer.text());
  };

  const soon = () => {
    touched = true;
    clearTimeout(timer);
    timer = setTimeout(refresh, DELAY);
  };
  for (const name of ["input", "change", "koine:changed"]) form?.addEventListener(name, soon);
  document.addEventListener("koine:drafted", refresh);
  frame.addEventListener("load", () => form && touched && refresh()); // in another language now, still without what is typed

  for (const radio of document.querySelectorAll("[data-width]")) {
    radio.addEventListener("change", () => frame.classList.toggle("is-wide", radio.value === "desktop"));
  }
})();
