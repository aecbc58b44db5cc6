// @ts-check
/** @import { Child } from "../types.js" */

import { h } from "../dom.js";
import { iconButton } from "./controls.js";

/**
 * The top of a view; takes the focus on arrival, so that a screen reader says where one is.
 * @param {string} title
 * @param {{ back?: () => void, aside?: Child, under?: Child, focus?: boolean }} [options]
 */
export function heading(title, options = {}) {
  return h(
    "div",
    { class: "heading", key: options.focus ? "arrived" : "heading" },
    options.back && iconButton("back", "Back", options.back, "back"),
    h(
      "div",
      { class: "heading-words" },
      h("h1", { class: "title", tabindex: "-1", focus: options.focus }, title),
      options.under,
    ),
    options.aside && h("div", { class: "heading-aside" }, options.aside),
  );
}

/** @param {string} title @param {{ aside?: Child, key?: string, testid?: string }} options @param {...Child} children */
export function section(title, options, ...children) {
  return h(
    "section",
    { class: "section", key: options.key, "data-testid": options.testid },
    h("div", { class: "section-head" }, h("h2", { class: "section-title" }, title), options.aside),
    ...children,
  );
}
