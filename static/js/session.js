// A form that has been open for a while asks, before it is sent, whether its reader is still signed in. Who is not
// keeps what was typed and finds the way to the sign-in; who has signed in again goes on with a fresh token.
// Wants: meta[name=csrf-token][data-fresh=address], on pages of those who are signed in.
(() => {
  "use strict";
  const WHILE = 60_000; // milliseconds
  const meta = document.querySelector("meta[name=csrf-token]");
  const opened = Date.now();
  const asked = new WeakSet();
  if (!meta.dataset.fresh) return;

  const freshToken = async () => {
    const answer = await fetch(meta.dataset.fresh, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.ok && !answer.redirected) return (await answer.json()).token;
    if (!answer || answer.status >= 500) koine.toast(koine.words("offline"), { bad: true });
    else koine.signedOut();
    return "";
  };

  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    const typed = form.method === "post" && !("noGuard" in form.dataset);
    if (event.defaultPrevented || !typed || asked.delete(form) || Date.now() - opened < WHILE) return;
    event.preventDefault();
    const token = await freshToken();
    if (!token) return;
    meta.content = token;
    for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
    asked.add(form);
    form.requestSubmit(submitter);
  });
})();
