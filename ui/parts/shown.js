// @ts-check
/**
 * Small things that are read: states, addresses to copy, lists that are empty, notes.
 *
 * @import { Acts, Child, Rate } from "../types.js"
 * @import { Shown } from "../words.js"
 */

import { h } from "../dom.js";
import { rate } from "../format.js";
import { iconButton } from "./controls.js";
import { icon, mark } from "./icon.js";

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
    h("span", { class: "flow-part" }, h("span", { "aria-label": "in" }, "↓"), ` ${rate(now.in)}`),
    h("span", { class: "flow-part" }, h("span", { "aria-label": "out" }, "↑"), ` ${rate(now.out)}`),
  );
}

/** Something long to copy. @param {Acts} visit @param {string} text @param {string} what @param {string} [testid] */
export function copyable(visit, text, what, testid) {
  return h(
    "div",
    { class: "copyable" },
    h("code", { class: "copyable-text code", "data-testid": testid, tabindex: "0" }, text),
    iconButton("copy", `Copy ${what}`, () => visit.copy(text, `${capital(what)} copied`)),
  );
}

/** @param {"good" | "warn" | "bad" | "plain"} kind @param {...Child} children */
export function note(kind, ...children) {
  return h(
    "div",
    { class: `note note-${kind}` },
    (kind === "warn" || kind === "bad") && icon("bad"),
    h("div", { class: "note-body" }, ...children),
  );
}

/** @param {string} label */
export function waiting(label) {
  return h("p", { class: "waiting", role: "status" }, mark("busy"), h("span", null, label));
}

/** @param {string} text */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
