// The editor of a rule: its buttons and the choices that change what stands below draw it again without leaving the page.
// Without scripts the same buttons send the form. Wants: form[data-rule], buttons [name=_rule] and selects
//        [data-rule-redraw] in it, and one part #rule-parts that is taken from the answer.
(() => {
  "use strict";
  const form = document.querySelector("form[data-rule]");
  if (!form) return;
  const token = () => document.querySelector("meta[name=csrf-token]").content;
  let drawing = false;
  let waiting = null; // what was pressed or chosen while an answer was on its way: done to what comes back

  const content = (button) => {
    const sent = new FormData(form);
    sent.append("_rule", button?.value || "redraw");
    return new URLSearchParams([...sent].map(([name, value]) => [name, String(value).replace(/\r\n|\r|\n/g, "\r\n")]));
  };

  const draw = (html, focused) => {
    const old = document.getElementById("rule-parts");
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("rule-parts");
    if (!fresh) return;
    for (const select of old.querySelectorAll("select")) select.tomselect?.destroy();
    old.replaceWith(fresh);
    document.dispatchEvent(new Event("htmx:after:swap"));
    fresh.dispatchEvent(new Event("koine:changed", { bubbles: true }));
    const target = fresh.querySelector("[autofocus]") || document.getElementById(focused);
    target?.focus();
  };

  const ask = async (button) => {
    if (drawing) {
      waiting = button || waiting || {};
      return;
    }
    drawing = true;
    const focused = document.activeElement?.id;
    const request = { method: "POST", body: content(button), headers: { "X-CSRFToken": token() } };
    const answer = await fetch(form.getAttribute("action"), request).catch(() => null);
    drawing = false;
    if (answer?.ok && !answer.redirected) draw(await answer.text(), focused);
    else koine.toast(koine.words(answer ? "failed" : "offline"), { bad: true });
    const next = waiting;
    waiting = null;
    if (next) ask(next);
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=_rule]");
    if (!button) return;
    event.preventDefault();
    ask(button);
  });
  form.addEventListener("change", (event) => {
    if (event.target.closest("[data-rule-redraw]")) ask(null);
  });
})();
