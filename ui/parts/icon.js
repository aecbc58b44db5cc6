// @ts-check
/**
 * All icons, drawn on a grid of 20 with one line width; they are decoration beside words or a label.
 *
 * @import { VNode } from "../types.js"
 */

import { h } from "../dom.js";

/** @type {Record<string, string[]>} */
const PATHS = {
  home: ["M3.5 9.5 10 4l6.5 5.5", "M5.5 8.5V16h9V8.5"],
  peers: ["M7.5 9.5a2.8 2.8 0 1 0 0-5.5 2.8 2.8 0 0 0 0 5.5Z", "M2.5 16c.4-2.7 2.4-4 5-4s4.6 1.3 5 4", "M13 4.5a2.5 2.5 0 0 1 0 4.7", "M14.5 12.3c1.7.5 2.7 1.7 3 3.7"],
  settings: ["M3 6h7M14 6h3M3 14h3M10 14h7", "M12 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z", "M8 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z"],
  share: ["M10 12V3.5", "M6.5 7 10 3.5 13.5 7", "M4 11v5h12v-5"],
  connect: ["M8.5 11.5a3.2 3.2 0 0 0 4.6 0l2.6-2.6a3.25 3.25 0 0 0-4.6-4.6L10 5.4", "M11.5 8.5a3.2 3.2 0 0 0-4.6 0l-2.6 2.6a3.25 3.25 0 0 0 4.6 4.6l1.1-1.1"],
  copy: ["M7.5 7.5h8v8h-8Z", "M12.5 7.5v-3h-8v8h3"],
  stop: ["M5.5 5.5h9v9h-9Z"],
  open: ["M11 4h5v5", "M16 4l-7 7", "M13 11.5V16H4V7h4.5"],
  back: ["M12 4.5 6.5 10l5.5 5.5"],
  next: ["M8 4.5l5.5 5.5L8 15.5"],
  remove: ["M5 5l10 10M15 5 5 15"],
  add: ["M10 4v12M4 10h12"],
  again: ["M15.5 8.5A6 6 0 1 0 16 11", "M16 4.5v4h-4"],
  good: ["M4.5 10.5l3.7 3.7 7.3-8"],
  bad: ["M10 3.5 17.5 16.5h-15Z", "M10 8.5v3.5M10 14.2v.1"],
  off: ["M5 10h10"],
  qr: ["M4 4h4.5v4.5H4ZM11.5 4H16v4.5h-4.5ZM4 11.5h4.5V16H4Z", "M11.5 11.5h2v2M16 11.5v1.5M11.5 16h1M15 16h1"],
  block: ["M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Z", "M5.1 5.1l9.8 9.8"],
  unblock: ["M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Z", "M6.8 10.3l2.3 2.3 4.3-4.8"],
  globe: ["M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Z", "M3 10h14", "M10 3c2.5 2 3.3 4.5 3.3 7s-.8 5-3.3 7c-2.5-2-3.3-4.5-3.3-7S7.5 5 10 3Z"],
};

/** @param {string} name @returns {VNode} */
export function icon(name) {
  const paths = PATHS[name] ?? [];
  return h(
    "svg",
    { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    paths.map((d) => h("path", { d })),
  );
}

/** How something is, as a shape: the words beside it say the same. @typedef {"good" | "busy" | "idle" | "bad"} Mark */

/** @param {Mark} kind @returns {VNode} */
export function mark(kind) {
  return h(
    "svg",
    { class: `mark mark-${kind}`, viewBox: "0 0 12 12", "aria-hidden": "true", focusable: "false" },
    kind === "bad"
      ? h("path", { d: "M6 1.2 11.3 10.6H.7Z" })
      : h("circle", { cx: 6, cy: 6, r: kind === "good" ? 5 : 4.1 }),
  );
}
