// @ts-check
/** @import { Child } from "../types.js" */

import { h } from "../dom.js";

/** Words of the engine; what is between backticks is to be typed as it is. @param {string} text @returns {Child[]} */
export function prose(text) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? h("code", { class: "code" }, part) : part));
}
