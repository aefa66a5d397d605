// The theme takes the focus away from its buttons when they are pressed, to make their hints
// go; a reader at the keyboard would be thrown back to the top. Here it stays or comes back.

const WIDE = window.matchMedia("(min-width: 992px)");

/** Keep the focus on a button that was pressed by key. */
function stay(button) {
  button.addEventListener("click", ({ detail }) => {
    if (detail === 0) setTimeout(() => { if (document.activeElement === document.body) button.focus(); });
  }, true);
}

/** Say of a button whether the side bar that it opens is open. */
function tell(button, sidebar, dialog) {
  const update = () => {
    const hides = WIDE.matches && dialog.id.includes("primary");
    const open = hides ? !sidebar.classList.contains("pst-sidebar-hidden") : dialog.open;
    button.setAttribute("aria-expanded", String(open));
    button.setAttribute("aria-controls", (hides ? sidebar : dialog).id);
  };
  new MutationObserver(update).observe(sidebar, { attributeFilter: ["class"] });
  new MutationObserver(update).observe(dialog, { attributeFilter: ["open"] });
  WIDE.addEventListener("change", update);
  update();
  dialog.addEventListener("close", () => setTimeout(() => button.focus()));
}


/** Keep the focus where the reader left it. */
export function keepFocus() {
  document.querySelectorAll(".theme-switch-button, .search-button, .primary-toggle, .secondary-toggle")
    .forEach(stay);
  for (const side of ["primary", "secondary"]) {
    const button = document.querySelector(`.${side}-toggle`);
    const sidebar = document.querySelector(`#pst-${side}-sidebar`);
    const dialog = document.querySelector(`#pst-${side}-sidebar-modal`);
    if (button && sidebar && dialog) tell(button, sidebar, dialog);
  }
}
