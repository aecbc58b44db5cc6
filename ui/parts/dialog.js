// @ts-check
/** @import { Child } from "../types.js" */

import { h } from "../dom.js";
import { button } from "./controls.js";

/**
 * A question that waits for its answer; Escape is "no".
 * @param {{ title: string, close: () => void, testid?: string, cancel?: string }} options
 * @param {Child} body
 * @param {...Child} actions
 */
export function dialog({ title, close, testid, cancel = "Cancel" }, body, ...actions) {
  const oncancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    close();
  };
  return h(
    "dialog",
    { class: "dialog", key: `dialog ${title}`, modal: true, "aria-labelledby": "dialog-title", "data-testid": testid, oncancel },
    h("h2", { class: "dialog-title", id: "dialog-title" }, title),
    h("div", { class: "dialog-body" }, body),
    h("div", { class: "dialog-actions" }, button(cancel, close, { key: "cancel" }), ...actions),
  );
}
