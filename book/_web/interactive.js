// The figures of a page that a reader can move.
import arc from "./figures/arc.js";
import likelihoods from "./figures/likelihoods.js";
import { build } from "./figures/page.js";
import profit from "./figures/profit.js";
import shrinkage from "./figures/shrinkage.js";

const figures = { arc, likelihoods, profit, shrinkage };

for (const root of document.querySelectorAll(".interactive-figure[data-figure]")) {
  const figure = figures[root.dataset.figure];
  if (figure) build(root, figure);
  else console.error(`no figure ${root.dataset.figure}; there are ${Object.keys(figures)}`);
}
