// What is wider than the page scrolls in a box of its own. Where it does, and only there, the box
// takes the focus, so that the arrow keys scroll it.

const BOXES = ".table-scroller, .bd-article mjx-container[display='true']";

/** Let a box take the focus if it has more than it shows. */
function update(box) {
  const table = box.querySelector(":scope > table");
  const name = table ? table.getAttribute("aria-label") ?? table.caption?.textContent : "Wide formula";
  const wide = box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0;
  if (wide === box.hasAttribute("tabindex")) return;
  if (wide) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", name);
  } else {
    for (const attribute of ["tabindex", "role", "aria-label"]) box.removeAttribute(attribute);
  }
}

/** Watch all boxes, the formulas' too once they are set. */
export function watchOverflow() {
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => update(target)));
  const watch = () => document.querySelectorAll(BOXES).forEach((box) => sizes.observe(box));
  watch();
  window.MathJax?.startup?.promise?.then(watch);
}
