// What is wider than the page scrolls in a box of its own. Where it does, and only there, the box
// takes the focus, so that the arrow keys scroll it.

const BOXES = ".table-scroller, pre, mjx-container[display='true']";

/** What a box holds. */
function nameOf(box) {
  const table = box.querySelector(":scope > table");
  if (table) return table.getAttribute("aria-label") ?? table.caption?.textContent.trim() ?? "Table";
  return box.localName === "pre" ? "Code" : "Formula";
}

const overflows = (box) => box.clientWidth > 0 && box.scrollWidth > box.clientWidth + 1;

/** Let a box take the focus if it has more than it shows. */
function update(box, wide) {
  if (wide === box.hasAttribute("tabindex")) return;
  const attributes = { tabindex: "0", role: "group", "aria-label": nameOf(box) };
  for (const [attribute, value] of Object.entries(attributes)) {
    if (wide) box.setAttribute(attribute, value);
    else box.removeAttribute(attribute);
  }
}

/** Look at the boxes of a section: all sizes first, so that it is laid out once. */
function measure(section) {
  const boxes = [...(section.matches(BOXES) ? [section] : []), ...section.querySelectorAll(BOXES)];
  boxes.map((box) => [box, overflows(box)]).forEach(([box, wide]) => update(box, wide));
}

/** Measure sections that come near what is in sight, and those near it whenever that may change. */
export function watchOverflow() {
  const near = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        near.add(target);
        measure(target);
      } else {
        near.delete(target);
      }
    }
  }, { rootMargin: "100%" });
  const sections = document.querySelectorAll(".bd-article > section > *");
  sections.forEach((section) => observer.observe(section));
  const again = async () => {
    for (const section of [...near]) {
      await new Promise((resume) => { setTimeout(resume); }); // the page answers in between
      measure(section);
    }
  };
  window.MathJax?.startup?.promise?.then(again);
  window.addEventListener("resize", again);
  document.addEventListener("toggle", again, true);
}
