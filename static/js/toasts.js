// Short messages in a polite live region: koine.toast(text, {bad, undo, stays}) and the server's flash messages.
// koine.signedOut() says that the session is over and stays, with a link that signs in beside the page.
// An answer to htmx may send one by the header HX-Trigger: {"toast": {"text": "...", "undo": "/address"}}.
(() => {
  "use strict";
  window.koine = window.koine || {};
  const region = document.getElementById("toasts");
  const SECONDS = 10;

  const button = (label, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", action);
    return made;
  };

  const undo = async (url) => {
    const token = document.querySelector("meta[name=csrf-token]").content;
    const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => null);
    if (answer && answer.ok) location.reload();
    else koine.toast(region.dataset.failed, { bad: true });
  };

  koine.words = (name) => region.dataset[name] || "";

  koine.toast = (text, { bad = false, undo: url = "", stays = null } = {}) => {
    const line = document.createElement("div");
    line.className = bad ? "toast-line is-bad" : "toast-line";
    const words = document.createElement("span");
    words.dir = document.documentElement.dir; // our sentences, whatever value stands first in them
    words.textContent = text;
    line.append(words);
    if (stays) line.append(stays);
    if (url) line.append(button(region.dataset.undo, () => undo(url)));
    line.append(button(region.dataset.close, () => line.remove()));
    region.append(line);
    if (!stays) setTimeout(() => line.matches(":hover, :focus-within") || line.remove(), SECONDS * 1000);
  };

  koine.signedOut = () => {
    if (region.querySelector("a")) return;
    const link = document.createElement("a");
    link.href = "/login/";
    link.target = "_blank";
    link.textContent = koine.words("signIn");
    link.addEventListener("click", () => link.parentNode.remove());
    koine.toast(koine.words("signedOut"), { bad: true, stays: link });
  };

  for (const flash of document.querySelectorAll("[data-toast]")) {
    koine.toast(flash.textContent.trim(), { undo: flash.dataset.undoUrl || "" });
    flash.remove();
  }
  document.addEventListener("toast", (event) => koine.toast(event.detail.text, event.detail));
})();
