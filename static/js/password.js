// The eye beside a password shows and hides it.
document.addEventListener("click", (event) => {
  "use strict";
  const eye = event.target.closest("[data-show-password]");
  if (!eye) return;
  const input = document.getElementById(eye.dataset.showPassword);
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  eye.setAttribute("aria-pressed", String(!shown));
  input.focus();
});
