// @ts-check
/**
 * Small things that are read: states, addresses to copy, lists that are empty, notes.
 *
 * @import { Acts, Child, Rate } from "../types.js"
 * @import { Shown } from "../words.js"
 */

import { h } from "../dom.js";
import { capital, rate } from "../format.js";
import { iconButton } from "./controls.js";
import { icon, mark } from "./icon.js";
import { prose } from "./prose.js";

/** @param {Shown} shown */
export function state(shown) {
  return h(
    "span",
    { class: "state", title: shown.more, "data-testid": "state" },
    mark(shown.mark),
    h("span", { class: "state-words" }, shown.words),
  );
}

/** Bytes a second both ways; the place is kept while nothing flows. @param {Rate} now */
export function flow(now) {
  const idle = now.in === 0 && now.out === 0;
  return h(
    "span",
    { class: idle ? "flow flow-idle" : "flow", "data-testid": "flow" },
    way("in", "↓", now.in),
    way("out", "↑", now.out),
  );
}

/** @param {string} words @param {string} arrow @param {number} now */
function way(words, arrow, now) {
  return h("span", { class: "flow-part" },
    h("span", { class: "unseen" }, `${words} `), h("span", { "aria-hidden": "true" }, `${arrow} `), rate(now));
}

/** Something long to copy. @param {Acts} visit @param {string} text @param {string} what nothing where a larger button copies it @param {string} [testid] */
export function copyable(visit, text, what, testid) {
  return h(
    "div",
    { class: "copyable" },
    h("code", { class: "copyable-text code", "data-testid": testid, tabindex: "0" }, text),
    what !== "" && iconButton("copy", `Copy ${what}`, () => visit.copy(text, `${capital(what)} copied`)),
  );
}

/** @param {"good" | "warn" | "bad" | "plain"} kind @param {...Child} children */
export function note(kind, ...children) {
  return h(
    "div",
    { class: `note note-${kind}` },
    (kind === "warn" || kind === "bad") && icon("bad"),
    h("div", { class: "note-body" }, children.map((child) => (typeof child === "string" ? h("p", null, prose(child)) : child))),
  );
}

/** @param {string} label */
export function waiting(label) {
  return h("p", { class: "waiting", role: "status" }, mark("busy"), h("span", null, label));
}
