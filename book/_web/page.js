// What only the shown page can know: which solution is open, what overflows, which theme it is.
// Without this script everything on the page is still there to be read.
import { nameCopyButtons } from "./_copy.js";
import { keepFocus } from "./_focus.js";
import { watchOverflow } from "./_overflow.js";
import { closeSolutions } from "./_solutions.js";

/** Say on the theme's button which colours are on; its icon alone shows that. */
function nameThemeButton() {
  const names = { auto: "the system's", light: "light", dark: "dark" };
  const root = document.documentElement;
  const update = () => {
    for (const button of document.querySelectorAll(".theme-switch-button")) {
      button.setAttribute("aria-label", `Colour theme: ${names[root.dataset.mode] ?? "the system's"}`);
    }
  };
  new MutationObserver(update).observe(root, { attributeFilter: ["data-mode"] });
  update();
}

/** From disk a page may not read other pages, so results come without their opening lines. */
function searchFromDisk() {
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

searchFromDisk();
document.addEventListener("DOMContentLoaded", () => {
  closeSolutions();
  nameCopyButtons();
  keepFocus();
  nameThemeButton();
  watchOverflow();
});
