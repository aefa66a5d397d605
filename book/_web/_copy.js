// sphinx-copybutton's buttons are pictures without a name, and tell nobody that they have copied.

/** Name the copy buttons, and say aloud when one has done its work. */
export function nameCopyButtons() {
  const buttons = [...document.querySelectorAll("button.copybtn")];
  if (!buttons.length) return;
  const status = document.createElement("div");
  status.setAttribute("role", "status");
  status.className = "visually-hidden";
  document.querySelector("main").append(status);
  const watch = new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.classList.contains("success")) status.textContent = target.dataset.tooltip;
    }
  });
  for (const button of buttons) {
    button.type = "button";
    button.setAttribute("aria-label", "Copy");
    watch.observe(button, { attributeFilter: ["class"] });
  }
}
