// Files are sent as soon as they are chosen, dropped or pasted, so that a refused form loses none of them. Without
// scripts the control is a plain file input. Works by delegation: a form that is drawn again needs nothing.
// Wants: [data-upload=address][data-limit=MB][data-too-large][data-failed][data-added][data-removed][data-busy] with an
//        input[type=file], [data-upload-list], template[data-upload-item], [data-upload-problem], [data-upload-said].
(() => {
  "use strict";
  const token = () => document.querySelector("meta[name=csrf-token]").content;
  const boxOf = (event) => event.target.closest?.("[data-upload]");
  const fill = (box, word, name) => box.dataset[word].replace("{name}", name);
  const say = (box, text) => (box.querySelector("[data-upload-said]").textContent = text);
  const complain = (box, text) => {
    const line = box.querySelector("[data-upload-problem]");
    line.textContent = [line.textContent, text].filter(Boolean).join("\n");
    line.hidden = false;
  };
  const forget = (box) => Object.assign(box.querySelector("[data-upload-problem]"), { textContent: "", hidden: true });
  const tell = (box) => box.dispatchEvent(new Event("koine:changed", { bubbles: true }));

  const itemFor = (box, file) => {
    const item = box.querySelector("[data-upload-item]").content.firstElementChild.cloneNode(true);
    item.querySelector("bdi").textContent = file.name;
    item.querySelector("progress").setAttribute("aria-label", fill(box, "busy", file.name));
    item.querySelector("[data-upload-remove]").setAttribute("aria-label", fill(box, "remove", file.name));
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
      const picture = item.querySelector("img");
      picture.src = URL.createObjectURL(file);
      picture.hidden = false;
      item.querySelector(".icon").remove();
    }
    return item;
  };

  const arrived = (box, item, { id, name }) => {
    const tick = item.querySelector("input");
    Object.assign(tick, { value: String(id), checked: true, disabled: false });
    item.querySelector("bdi").textContent = name;
    item.querySelector("progress").remove();
    if (!("many" in box.dataset)) for (const other of [...item.parentElement.children]) if (other !== item) other.remove();
    say(box, fill(box, "added", name));
    tell(box);
  };

  const refused = (box, item, file, request) => {
    item.remove();
    let answer = null;
    try {
      answer = JSON.parse(request.responseText).error;
    } catch {
      answer = null;
    }
    complain(box, answer?.problems?.[0]?.message || answer?.message || fill(box, "failed", file.name));
  };

  const send = (box, file) => {
    const limit = Number(box.dataset.limit);
    if (file.size > limit * 1048576) return complain(box, fill(box, "tooLarge", file.name));
    const item = itemFor(box, file);
    box.querySelector("[data-upload-list]").append(item);
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name);
    request.open("POST", box.dataset.upload);
    request.setRequestHeader("X-CSRFToken", token());
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) item.querySelector("progress").value = (100 * event.loaded) / event.total;
    });
    request.addEventListener("loadend", () => {
      if (request.status === 201) arrived(box, item, JSON.parse(request.responseText));
      else refused(box, item, file, request);
      const form = box.closest("form");
      if (form?.hasAttribute("data-send-later") && !form.querySelector("[data-upload] progress")) {
        const button = form.querySelector(`[data-pressed]`);
        form.removeAttribute("data-send-later");
        button?.removeAttribute("data-pressed");
        if (request.status === 201) form.requestSubmit(button);
      }
    });
    request.send(body);
  };

  const take = (box, files) => {
    const chosen = "many" in box.dataset ? [...files] : [...files].slice(0, 1);
    if (!chosen.length) return;
    forget(box);
    for (const file of chosen) send(box, file);
  };

  document.addEventListener("change", (event) => {
    const box = boxOf(event);
    if (!box || event.target.type !== "file") return;
    take(box, event.target.files);
    event.target.value = "";
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-upload-remove]");
    if (!button) return;
    const box = boxOf(event);
    const item = button.closest("li");
    say(box, fill(box, "removed", item.querySelector("bdi").textContent));
    item.remove();
    box.querySelector("input[type=file]").focus();
    tell(box);
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const box = boxOf(event);
      if (!box || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      box.classList.toggle("is-over", name === "dragover");
      if (name === "drop") take(box, event.dataTransfer.files);
    });
  }
  document.addEventListener("paste", (event) => {
    const all = document.querySelectorAll("[data-upload]");
    const box = boxOf(event) || (all.length === 1 && !event.target.matches?.("input, textarea") ? all[0] : null);
    if (!box || !event.clipboardData?.files.length) return;
    event.preventDefault();
    take(box, event.clipboardData.files);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.querySelector("[data-upload] progress")) return;
    event.preventDefault(); // it goes out by itself once the files have arrived
    event.target.setAttribute("data-send-later", "");
    event.submitter?.setAttribute("data-pressed", "");
  });
})();
