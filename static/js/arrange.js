// Lines that are arranged by dragging or by their buttons, without leaving the page: the server writes the draft and
// its page is drawn again, in part. Without scripts the buttons send their forms.
// Wants: [data-arrange] holding lists [data-list] of [data-id] with a .choice-grip. A line's own form takes `place`;
//        where the box names an address (data-arrange="…"), that one takes `field`, `section` (data-list="…") and `place`.
//        Every #id[data-fresh] is taken from the answer.
(() => {
  "use strict";
  const token = document.querySelector("meta[name=csrf-token]").content;

  const draw = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const part of document.querySelectorAll("[data-fresh]")) {
      const fresh = page.getElementById(part.id);
      if (fresh) part.replaceWith(fresh);
    }
    for (const told of page.querySelectorAll(".page-frame > [role=alert]")) koine.toast(told.textContent.trim(), { bad: true });
    start();
    document.dispatchEvent(new Event("htmx:after:swap"));
    document.dispatchEvent(new Event("koine:drafted"));
    document.querySelector("[data-fresh] [autofocus]")?.focus();
  };

  const send = async (address, body) => {
    const request = body ? { method: "POST", body, headers: { "X-CSRFToken": token } } : {};
    const answer = await fetch(address, request).catch(() => null);
    const signedOut = answer?.redirected && answer.url.includes("/login");
    if (answer?.ok && !signedOut) draw(await answer.text());
    else {
      koine.toast(koine.words(signedOut ? "signedOut" : answer ? "failed" : "offline"), { bad: true });
      if (signedOut) return;
      if (body) send(location.href); // what was dragged goes back to where it is
    }
  };

  const dropped = (box) => (event) => {
    const { item, to, newIndex } = event;
    const address = box.dataset.arrange || item.querySelector("form").action;
    send(address, new URLSearchParams({ deed: "place_field", field: item.dataset.id, section: to.dataset.list, place: String(newIndex) }));
  };

  const start = () => {
    for (const box of document.querySelectorAll("[data-arrange]")) {
      for (const list of box.querySelectorAll("[data-list]")) {
        if (Sortable.get(list)) continue;
        new Sortable(list, { group: "fields", handle: ".choice-grip", draggable: "[data-id]", animation: 120, ghostClass: "board-ghost", onEnd: dropped(box) });
      }
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.closest("[data-arrange]") || !("noGuard" in form.dataset) || event.defaultPrevented) return;
    event.preventDefault();
    send(form.action, new URLSearchParams(new FormData(form, event.submitter)));
  });
  document.addEventListener("htmx:after:swap", start);
  start();
})();
