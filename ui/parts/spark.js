// @ts-check
/**
 * The last minutes of a share or a bridge as small curves, each with words that say the same.
 *
 * They are drawn from what a status tells and change only with it: nothing moves by itself.
 *
 * @import { Child, VNode } from "../types.js"
 * @import { Measured, Protocol, Recent } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { bytes, millis, span } from "../format.js";
import { mark } from "./icon.js";

/** As many steps as an engine tells; of a younger share fewer, before which nothing was. */
const STEPS = 60;
const STEP = 2;
const WIDTH = STEPS * STEP;
const HEIGHT = 24;
/** Room for the line's width, above and below. */
const EDGE = 2;

/**
 * @typedef {object} Curve
 * @property {string} name
 * @property {(number | null)[]} values the oldest first; `null` where there is none
 * @property {(value: number) => string} words
 * @property {boolean} [filled]
 * @property {number[]} [failed] how many failed, step by step
 */

/** Nothing where nothing went through. @param {Measured} measured @param {Protocol} protocol @param {boolean} [large] @returns {Child} */
export function sparks({ recent }, protocol, large = false) {
  if (!recent) return null;
  const time = span(recent.requests.length * recent.step_secs);
  const curves = curvesOf(recent, protocol);
  return h("div", { class: large ? "sparks sparks-large" : "sparks", key: "sparks", "data-testid": "sparks" },
    curves.map((curve) => h("div", { class: "spark", key: curve.name },
      drawn(curve, time),
      h("span", { class: "spark-words" },
        large && h("span", { class: "spark-name" }, curve.name),
        h("span", { class: "numbers" }, curve.words(lastOf(curve.values) ?? 0)),
        failures(curve)))));
}

/** @param {Recent} recent @param {Protocol} protocol @returns {Curve[]} */
function curvesOf(recent, protocol) {
  /** @param {number} count */
  const perSecond = (count) => count / recent.step_secs;
  const requests = {
    name: protocol === "http" ? "Requests" : "Connections", filled: true, failed: recent.failures,
    values: recent.requests.map(perSecond), words: often,
  };
  const times = { name: "Answers", values: recent.p95_ms, words: (/** @type {number} */ ms) => `95% in ${millis(ms)}` };
  const traffic = {
    name: "Bytes", filled: true,
    values: recent.bytes.map(perSecond), words: (/** @type {number} */ count) => `${bytes(count)}/s`,
  };
  const answered = recent.p95_ms.some((ms) => ms !== null);
  return answered ? [requests, times, traffic] : [requests, traffic];
}

/** `0/s`, `0.4/s`, `120/s`. @param {number} perSecond */
function often(perSecond) {
  return `${perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : perSecond.toFixed(0)}/s`;
}

/** @param {Curve} curve @param {string} time @returns {VNode} */
function drawn(curve, time) {
  const { values, filled = false, failed = [] } = curve;
  const line = lineOf(whole(values, filled ? 0 : null));
  return h("svg", { class: "spark-curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label(curve, time) },
    h("path", { class: "spark-base", d: `M0 ${HEIGHT}H${WIDTH}` }),
    filled && h("path", { class: "spark-area", d: `${line}V${HEIGHT}H${x(0)}Z` }),
    h("path", { class: "spark-line", d: line }),
    failed.some((count) => count > 0) && h("path", { class: "spark-failed", d: marksOf(whole(failed, 0)) }));
}

/** @param {Curve} curve @param {string} time */
function label({ name, values, words, failed }, time) {
  const lost = sum(failed ?? []);
  return `${name} of the last ${time}: now ${words(lastOf(values) ?? 0)}, at most ${words(highest(values))}${lost > 0 ? `, ${lost} failed` : ""}`;
}

/** Pieces where there are values, each from step to step. @param {(number | null)[]} values */
export function lineOf(values) {
  const most = highest(values) || 1;
  const room = HEIGHT - 2 * EDGE;
  let path = "";
  let joined = false;
  values.forEach((value, index) => {
    if (value !== null) {
      path += `${joined ? "L" : "M"}${x(index)} ${round(HEIGHT - EDGE - (room * value) / most)}`;
      // A single one is a dash.
      if (!joined && (values[index + 1] ?? null) === null) path += `h${STEP}`;
    }
    joined = value !== null;
  });
  return path;
}

/** A triangle at the foot of each step in which something failed. @param {number[]} failed */
function marksOf(failed) {
  return failed.map((count, index) => (count > 0 ? `M${x(index) - 4} ${HEIGHT}h8l-4-7Z` : "")).join("");
}

/** @param {Curve} curve @returns {Child} */
function failures({ failed }) {
  const lost = sum(failed ?? []);
  return lost > 0 && h("span", { class: "spark-lost" }, mark("bad"), `${lost} failed`);
}

/** All steps, with what there is before the first. @template T @param {T[]} values @param {T} before @returns {T[]} */
function whole(values, before) {
  return [.../** @type {T[]} */ (Array(Math.max(0, STEPS - values.length)).fill(before)), ...values];
}

/** @param {number} index */
function x(index) {
  return index * STEP + STEP / 2;
}

/** @param {(number | null)[]} values */
function lastOf(values) {
  return values.findLast((value) => value !== null);
}

/** @param {(number | null)[]} values */
function highest(values) {
  return values.reduce((/** @type {number} */ most, value) => Math.max(most, value ?? 0), 0);
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
