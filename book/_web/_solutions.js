// Solutions are closed until the reader asks: a real button in the title, said to be open or
// closed. The browser's own search still finds what is inside, and links into it open it.

const CHEVRON = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m9 6 6 6-6 6" /></svg>';

/** Open or close a solution. */
function show(solution, open) {
  const { box, button, contents, name } = solution;
  box.classList.toggle("toggle-hidden", !open);
  if (open) contents.removeAttribute("hidden");
  else contents.setAttribute("hidden", "until-found");
  button.setAttribute("aria-expanded", String(open));
  button.firstElementChild.textContent = open ? "Hide" : "Show";
  button.setAttribute("aria-label", `${open ? "Hide" : "Show"}: ${name}`);
  box.dispatchEvent(new Event("toggle"));
}

const isOpen = ({ button }) => button.getAttribute("aria-expanded") === "true";

/** Put everything below the title of an admonition into one box, and a button into the title. */
function prepare(box, number) {
  const title = box.querySelector(":scope > .admonition-title");
  const contents = document.createElement("div");
  contents.className = "toggle-contents";
  contents.id = `${box.id || `dropdown-${number}`}-contents`;
  while (title.nextSibling) contents.append(title.nextSibling);
  box.append(contents);
  const name = title.textContent.trim().replace(/\s+/g, " ");
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "toggle-button", innerHTML: `<span></span>${CHEVRON}` });
  button.setAttribute("aria-controls", contents.id);
  title.append(button);
  const solution = { box, contents, button, name };
  title.addEventListener("click", ({ target }) => {
    if (!target.closest("a")) show(solution, !isOpen(solution));
  });
  contents.addEventListener("beforematch", () => show(solution, true));
  show(solution, false);
  return solution;
}

/** Close all solutions, and open them for links that lead inside and for the printer. */
export function closeSolutions() {
  const boxes = [...document.querySelectorAll(".admonition.dropdown:not(details)")];
  const solutions = boxes.map(prepare);
  const followLink = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const solution = solutions.find(({ contents }) => target && contents.contains(target));
    if (!solution) return;
    show(solution, true);
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", followLink);
  followLink();
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = solutions.filter((solution) => !isOpen(solution));
    closed.forEach((solution) => show(solution, true));
  });
  window.addEventListener("afterprint", () => closed.forEach((solution) => show(solution, false)));
}
