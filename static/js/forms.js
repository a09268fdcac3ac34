// Nothing that was typed is lost when a form cannot be saved. Forms are sent beside the page: the page is left when
// they are saved, drawn anew when the server sends the form back with what is wrong, and stays as it is when the
// session is over, the server is busy or away, or something is refused. Without scripts they are plain forms.
// Wants: meta[name=csrf-token][data-fresh=address], on pages of those who are signed in. Not for data-no-guard.
(() => {
  "use strict";
  const meta = document.querySelector("meta[name=csrf-token]");
  const line = document.querySelector("[data-progress-line]");
  const sending = new WeakSet();
  if (!meta.dataset.fresh) return;

  const freshToken = async () => {
    const answer = await fetch(meta.dataset.fresh, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return false;
    const { token } = await answer.json();
    meta.content = token;
    for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
    return true;
  };

  const content = (form, submitter) => {
    const sent = new FormData(form, submitter);
    if (form.getAttribute("enctype") === "multipart/form-data") return sent;
    const lines = (value) => value.replace(/\r\n|\r|\n/g, "\r\n"); // as browsers send them
    return new URLSearchParams([...sent].map(([name, value]) => [name, lines(String(value))]));
  };
  const send = (form, submitter) => {
    const address = submitter?.hasAttribute("formaction") ? submitter.formAction : form.getAttribute("action") || location.href;
    const headers = { "X-Form": "1", "X-CSRFToken": meta.content };
    return fetch(address, { method: "POST", body: content(form, submitter), headers }).catch(() => null);
  };

  const go = (address) => {
    const wanted = new URL(address, location.href);
    const isHere = wanted.hash && wanted.href.split("#")[0] === location.href.split("#")[0];
    location.assign(wanted);
    if (isHere) location.reload();
  };
  // A whole page of ours, as if the browser had gone there: its scripts begin anew, and no listener stays twice.
  const redraw = (html) => {
    document.open();
    document.write(html);
    document.close();
    scrollTo(0, 0);
  };
  const refuse = (answer, body) => {
    if (answer?.status === 401) koine.signedOut();
    else koine.toast(body?.error?.message || koine.words(answer ? "failed" : "offline"), { bad: true });
  };

  // A page of ours that answers the form; what a proxy says, or a server that is starting, is none.
  const isPage = (answer) => answer?.headers.has("X-Revision") && (answer.ok || [403, 409, 422].includes(answer.status));

  const save = async (form, submitter) => {
    let answer = await send(form, submitter);
    const isJson = () => answer?.headers.get("Content-Type")?.startsWith("application/json");
    let body = isJson() ? await answer.json().catch(() => null) : null;
    if (body?.error?.code === "web.bad_form_token" && (await freshToken())) {
      answer = await send(form, submitter);
      body = isJson() ? await answer.json().catch(() => null) : null;
    }
    if (body?.location) {
      form.dispatchEvent(new Event("koine:saved", { bubbles: true }));
      go(body.location);
    } else if (isPage(answer) && !isJson()) redraw(await answer.text());
    else refuse(answer, body);
  };

  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || !koine.isTyped(form) || form.hasAttribute("target")) return;
    event.preventDefault();
    if (sending.has(form)) return;
    sending.add(form);
    const timer = setTimeout(() => (line.hidden = false), 300);
    await save(form, submitter);
    clearTimeout(timer);
    line.hidden = true;
    sending.delete(form);
  });
})();
