// The parts of Vega that the book's figures need: a parser, a view, and no more transforms than
// they use. Expressions are interpreted, not compiled, so that no page needs to allow `eval`.
import { transforms } from "vega-dataflow";
import { axisticks, datajoin, encode, legendentries, scale, sortitems } from "vega-encode";
import { expressionInterpreter } from "vega-interpreter";
import { parse } from "vega-parser";
import {
  aggregate, collect, extent, facet, filter, formula, multiextent, prefacet, proxy, relay, sieve,
} from "vega-transforms";
import { View } from "vega-view";
import { bound, mark, overlap, render, viewlayout } from "vega-view-transforms";

Object.assign(
  transforms,
  { aggregate, collect, extent, facet, filter, formula, multiextent, prefacet, proxy, relay, sieve },
  { axisticks, datajoin, encode, legendentries, scale, sortitems },
  { bound, mark, overlap, render, viewlayout },
);
// Vega passes over a transform that it does not know.
Object.setPrototypeOf(transforms, new Proxy({}, {
  get(_, name) {
    throw new Error(`a figure needs Vega's transform "${String(name)}"; add it to figures/vega.js`);
  },
}));

/** Draw a Vega specification as SVG into an element, and return its view. */
export function draw(spec, element) {
  const description = parse(spec, {}, { ast: true });
  return new View(description, { renderer: "svg", expr: expressionInterpreter }).initialize(element);
}
