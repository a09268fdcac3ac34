// Cards move between the columns of a board by dragging or by their menu. The server decides: a refused move puts
// the card back and says why. Wants: [data-board=address] > [data-stage] lists with [data-id] cards; buttons
// [data-move=stage]. POSTs id and to; 2xx is a yes, anything else answers {"error": {"message": …}}.
(() => {
  "use strict";
  const board = document.querySelector("[data-board]");
  if (!board) return;
  const token = document.querySelector("meta[name=csrf-token]").content;

  const reason = async (answer) => {
    const body = await answer?.json().catch(() => null);
    return body?.error?.message || koine.words(answer ? "failed" : "offline");
  };

  const count = () => {
    for (const list of board.querySelectorAll("[data-stage]")) {
      const shown = list.closest(".board-column")?.querySelector("[data-count]");
      if (shown && !shown.dataset.more) shown.textContent = list.children.length.toLocaleString(document.documentElement.lang);
    }
  };

  const send = async (card, from, before, to) => {
    const body = new URLSearchParams({ id: card.dataset.id, from: from.dataset.stage, to: to.dataset.stage, version: card.dataset.version || "" });
    const headers = { "X-CSRFToken": token, Accept: "application/json" };
    const answer = await fetch(board.dataset.board, { method: "POST", body, headers }).catch(() => null);
    if (answer?.ok) {
      const news = answer.status === 204 ? null : await answer.json().catch(() => null);
      if (news?.version) card.dataset.version = news.version;
      if (news?.toast) koine.toast(news.toast.text, news.toast);
      for (const [stage, sum] of Object.entries(news?.sums || {})) {
        const shown = board.querySelector(`[data-sum="${CSS.escape(stage)}"]`);
        if (shown) shown.textContent = sum;
      }
    } else {
      from.insertBefore(card, before?.parentNode === from ? before : null);
      koine.toast(await reason(answer), { bad: true });
    }
    count();
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
