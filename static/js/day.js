// What is planned is ticked, put off and moved without leaving the page: by its buttons, by keys, by dragging it to
// another hour. The server decides; a refusal says why, and the page shows what is so. Without scripts the buttons
// are plain forms. Wants: [data-day] with forms[data-deed]; [data-occasion=address of its move][data-at=local time];
// lists [data-hour=local time or day] to drop on, [data-from] to drag from; keys Alt and arrows, with Shift for the end; a[data-choose-time] with dialog#move-dialog.
(() => {
  "use strict";
  const HOUR = 3_600_000;
  const dialog = document.getElementById("move-dialog");
  const page = () => document.querySelector("[data-day]");
  if (!page()) return;
  const token = () => document.querySelector("meta[name=csrf-token]").content;

  const reason = (answer, body) => {
    if (answer?.status === 401) return koine.signedOut();
    const sentences = (body?.error?.problems || []).map(({ message }) => message);
    koine.toast(sentences.join(" ") || body?.error?.message || koine.words(answer ? "failed" : "offline"), { bad: true });
  };

  const redraw = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-day]");
    if (!fresh) return;
    page().replaceWith(fresh);
    document.dispatchEvent(new Event("htmx:after:swap"));
    begin();
  };

  const send = async (address, values) => {
    const headers = { "X-CSRFToken": token(), Accept: "application/json" };
    const options = { method: "POST", body: new URLSearchParams(values), headers };
    const answer = await fetch(address, options).catch(() => null);
    const body = await answer?.json().catch(() => null);
    if (answer?.ok) koine.toast(body.toast.text, body.toast);
    else reason(answer, body);
    const rows = [...page().querySelectorAll("[data-row]")];
    const place = rows.indexOf(page().querySelector("[data-row]:focus-within, [data-row].is-current"));
    await redraw();
    const now = page().querySelectorAll("[data-row]");
    if (place >= 0) now[Math.min(place, now.length - 1)]?.querySelector("a")?.focus({ preventScroll: true });
  };

  // Reckoned as if in UTC: the wall clock is that of the reader's profile, whatever zone the device is in.
  const shifted = (local, hours) => new Date(Date.parse(`${local}Z`) + hours * HOUR).toISOString().slice(0, 16);

  const choose = (line) => {
    const input = dialog.querySelector("input");
    dialog.onclose = () => {
      if (dialog.returnValue === "move" && input.value.trim()) send(line.dataset.occasion, { to: input.value });
    };
    dialog.returnValue = "";
    input.value = line.querySelector("[data-choose-time]")?.dataset.chooseTime || "";
    dialog.showModal();
    input.focus();
  };

  const begin = () => {
    for (const list of page().querySelectorAll("[data-hour], [data-from]")) {
      new Sortable(list, {
        group: { name: "day", put: "hour" in list.dataset },
        sort: false,
        animation: 120,
        delay: 150,
        delayOnTouchOnly: true,
        draggable: "[data-row]:not([data-fixed])",
        ...(list.matches(".day-list") ? { filter: "a, button, input", preventOnFilter: false } : {}),
        ghostClass: "board-ghost",
        onStart: () => page().classList.add("is-dragging"),
        onEnd: ({ item, from, to }) => {
          page().classList.remove("is-dragging");
          if (from === to) return;
          const { hour } = to.dataset;
          item.dataset.at = hour.length > 10 ? hour : hour + item.dataset.at.slice(10); // for the next key
          send(item.dataset.occasion, { to: hour });
        },
      });
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-deed") || !form.closest("[data-day]")) return;
    event.preventDefault();
    const button = event.submitter;
    const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
    const values = new FormData(form, button);
    if (button) button.disabled = true;
    send(address, values);
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-choose-time]");
    if (!link || !dialog) return;
    event.preventDefault();
    choose(link.closest("[data-occasion]"));
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("input, textarea, select, dialog, .dropdown-menu")) return;
    const line = event.target.closest?.("[data-row]") || page().querySelector("[data-row].is-current");
    if (!line || event.ctrlKey || event.metaKey) return;
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const later = document.documentElement.dir === "rtl" ? -1 : 1;
    const days = { ArrowLeft: -later, ArrowRight: later }[event.key];
    const { at, occasion, ends } = line.dataset;
    const isHour = at?.length > 10;
    const step = (text, hours) => (text.length > 10 ? shifted(text, hours) : shifted(`${text}T00:00`, hours).slice(0, 10));
    if (event.altKey && occasion && !("fixed" in line.dataset) && (days || (by && isHour))) {
      event.preventDefault();
      const hours = days ? days * 24 : by;
      if (!event.shiftKey) send(occasion, { to: step(at, hours) });
      else if (ends) send(occasion, { to: at, end: step(ends, hours) });
    } else if (!event.altKey && !event.shiftKey && /^Key[DSP]$/.test(event.code)) {
      const target = line.querySelector(`[data-key="${event.code[3].toLowerCase()}"]`);
      if (!target) return;
      event.preventDefault();
      target.click();
    }
  });

  begin();
})();
