// Fields are dragged between the sections of a form; the server writes the draft and the page is drawn again.
// Wants: [data-sections=address] with lists [data-section=number] of [data-id=field].
(() => {
  "use strict";
  const box = document.querySelector("[data-sections]");
  if (!box || typeof Sortable === "undefined") return;
  const token = document.querySelector("meta[name=csrf-token]").content;
  const place = async (event) => {
    const { item, to, newIndex } = event;
    const body = new URLSearchParams({ deed: "place_field", field: item.dataset.id, section: to.dataset.section, place: String(newIndex) });
    const answer = await fetch(box.dataset.sections, { method: "POST", body, headers: { "X-CSRFToken": token } }).catch(() => null);
    if (answer?.ok) location.reload();
    else koine.toast(koine.words(answer ? "failed" : "offline"), { bad: true });
  };
  for (const list of box.querySelectorAll("[data-section]")) {
    new Sortable(list, { group: "fields", handle: ".choice-grip", animation: 120, ghostClass: "board-ghost", onEnd: place });
  }
})();
