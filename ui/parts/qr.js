// @ts-check
/**
 * A QR code as one path: dark on white in any theme, with the quiet zone that scanners need.
 *
 * @import { QrCode } from "../generated/api.js"
 */

import { h } from "../dom.js";

/** Modules of white around the code (ISO/IEC 18004 asks for four). */
const QUIET = 4;

/** @param {QrCode} code @param {string} label */
export function qr(code, label) {
  const side = code.width + 2 * QUIET;
  return h(
    "svg",
    { class: "qr", viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": label, "data-testid": "qr", "shape-rendering": "crispEdges" },
    h("rect", { class: "qr-light", width: side, height: side }),
    h("path", { class: "qr-dark", d: outline(code) }),
  );
}

/** Runs of dark modules, row by row. @param {QrCode} code */
export function outline({ width, modules }) {
  let path = "";
  for (let row = 0; row < width; row += 1) {
    const line = modules.slice(row * width, (row + 1) * width);
    for (const run of line.matchAll(/1+/g)) {
      path += `M${run.index + QUIET} ${row + QUIET}h${run[0].length}v1h-${run[0].length}z`;
    }
  }
  return path;
}
