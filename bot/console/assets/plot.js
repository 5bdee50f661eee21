// Plots as SVG: curves with their uncertainty, small trends. The numbers stand in a table beside every plot.

import { make } from "./parts.js";

const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A trend as a small line; `label` says it in words. */
export function sparkline(values, label) {
  const most = Math.max(1, ...values);
  const step = values.length > 1 ? 80 / (values.length - 1) : 0;
  const points = values.map((value, at) => `${(at * step + 2).toFixed(1)},${(22 - (value / most) * 19).toFixed(1)}`);
  return svg("svg", { class: "spark", viewBox: "0 0 84 24", role: "img", "aria-label": label }, svg("title", {}, label), svg("polyline", { points: points.join(" ") }),
    ...(points.length ? [svg("circle", { cx: points.at(-1).split(",")[0], cy: points.at(-1).split(",")[1], r: 2 })] : []));
}

export const BOX = { width: 720, height: 300, left: 48, right: 32, top: 14, bottom: 34 };
export const scaleX = (share) => BOX.left + share * (BOX.width - BOX.left - BOX.right);
export const scaleY = (share) => BOX.height - BOX.bottom - share * (BOX.height - BOX.top - BOX.bottom);

/** Axes from 0 to 100 %. */
export function axes(xLabel, percent) {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return [
    ...ticks.map((each) => svg("line", { class: "grid", x1: scaleX(0), x2: scaleX(1), y1: scaleY(each), y2: scaleY(each) })),
    ...ticks.map((each) => svg("text", { x: BOX.left - 8, y: scaleY(each) + 4, "text-anchor": "end" }, percent(each))),
    ...ticks.map((each) => svg("text", { x: scaleX(each), y: BOX.height - BOX.bottom + 16, "text-anchor": "middle" }, percent(each))),
    svg("text", { class: "axis", x: scaleX(0.5), y: BOX.height - 3, "text-anchor": "middle" }, xLabel),
  ];
}

export const line = (points, name) => svg("polyline", { class: `curve ${name}`, points: points.map(([x, y]) => `${scaleX(x).toFixed(1)},${scaleY(y).toFixed(1)}`).join(" ") });

/** What lies between two curves: an interval. */
export const band = (points, name) =>
  svg("polygon", { class: `band ${name}`, points: [...points.map(([x, low]) => [x, low]), ...[...points].reverse().map(([x, , high]) => [x, high])].map(([x, y]) => `${scaleX(x).toFixed(1)},${scaleY(y).toFixed(1)}`).join(" ") });

export const legend = (entries) => make("p", { class: "legend" }, ...entries.map(([name, label]) => make("span", { class: `key ${name}` }, label)));
