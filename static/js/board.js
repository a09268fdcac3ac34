// Cards move between the columns of a board by dragging or by their menu. The server decides: a refused move puts
// the card back and says why; what a move needs besides is asked in a dialog, and the card waits where it was put. Wants: [data-board=address] > [data-stage] lists with [data-id] cards; buttons
// [data-move=stage]; dialog#needed-dialog. POSTs id and to; 2xx is a yes, anything else answers {"error": {"message",
// "problems": [{"message"}]}, "form": html of what is needed, or ""}.
(() => {
  "use strict";
  const board = document.querySelector("[data-board]");
  if (!board) return;
  const token = document.querySelector("meta[name=csrf-token]").content;

  const dialog = document.getElementById("needed-dialog");
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  const post = (body) => fetch(board.dataset.board, { method: "POST", body, headers }).catch(() => null);

  const reason = (answer, body) => {
    const sentences = (body?.error?.problems || []).map(({ message }) => message);
    return sentences.join(" ") || body?.error?.message || koine.words(answer ? "failed" : "offline");
  };

  // Asks for what is needed until the move is done or given up; what was typed stays while the server is away.
  const ask = (html, move) =>
    new Promise((resolve) => {
      let done = null;
      const draw = (form) => {
        for (const select of dialog.querySelectorAll("select")) select.tomselect?.destroy();
        dialog.replaceChildren(...new DOMParser().parseFromString(form, "text/html").body.childNodes);
        document.dispatchEvent(new Event("htmx:after:swap"));
        dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
        dialog.querySelector(".form-grid :is(input, select, textarea):not([type=hidden], .ts-hidden-accessible)")?.focus();
      };
      dialog.onsubmit = async (event) => {
        event.preventDefault();
        const button = event.submitter;
        if (button.disabled) return;
        button.disabled = true;
        const answer = await post(new URLSearchParams([...Object.entries(move), ...new FormData(event.target, button)]));
        const body = await answer?.json().catch(() => null);
        if (answer?.ok) done = body || {};
        if (done) dialog.close();
        else if (body?.form) draw(body.form);
        else koine.toast(reason(answer, body), { bad: true });
        button.disabled = false;
      };
      dialog.onclose = () => resolve(done);
      dialog.showModal();
      draw(html);
    });

  const count = () => {
    for (const list of board.querySelectorAll("[data-stage]")) {
      const shown = list.closest(".board-column")?.querySelector("[data-count]");
      if (shown && !shown.dataset.more) shown.textContent = list.children.length.toLocaleString(document.documentElement.lang);
    }
  };

  const take = (card, news) => {
    if (news?.version) card.dataset.version = news.version;
    if (news?.toast) koine.toast(news.toast.text, news.toast);
    for (const [stage, sum] of Object.entries(news?.sums || {})) {
      const shown = board.querySelector(`[data-sum="${CSS.escape(stage)}"]`);
      if (shown) shown.textContent = sum;
    }
  };

  const send = async (card, from, before, to) => {
    const move = { id: card.dataset.id, from: from.dataset.stage, to: to.dataset.stage, version: card.dataset.version || "" };
    const answer = await post(new URLSearchParams(move));
    const body = answer?.status === 204 ? {} : await answer?.json().catch(() => null);
    const news = answer?.ok ? body : body?.form ? await ask(body.form, move) : null;
    if (news) take(card, news);
    else {
      from.insertBefore(card, before?.parentNode === from ? before : null);
      if (!body?.form) koine.toast(reason(answer, body), { bad: true });
    }
    count();
    card.querySelector("a")?.focus();
  };

  for (const list of board.querySelectorAll("[data-stage]")) {
    let before = null;
    new Sortable(list, {
      group: { name: "board", put: list.dataset.stage !== "" }, // nobody puts a card where no choice is
      animation: 120,
      delay: 150,
      delayOnTouchOnly: true,
      draggable: "[data-id]",
      filter: "[data-fixed]",
      ghostClass: "board-ghost",
      onStart: (event) => (before = event.item.nextElementSibling),
      onEnd: (event) => {
        if (event.from !== event.to) send(event.item, event.from, before, event.to);
      },
    });
  }

  board.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    const card = button.closest("[data-id]");
    const from = card.closest("[data-stage]");
    const to = board.querySelector(`[data-stage="${CSS.escape(button.dataset.move)}"]`);
    const before = card.nextElementSibling;
    to.prepend(card);
    card.querySelector("a")?.focus();
    send(card, from, before, to);
  });
})();
