// @ts-check
/** @import { Acts, Child } from "../types.js" */

import { stop } from "../acts.js";
import { h } from "../dom.js";
import { button } from "./controls.js";
import { dialog } from "./dialog.js";

/**
 * Asks how something that is kept in `malai.toml` ends.
 * @param {Acts} visit @param {string} name nothing is asked while empty
 * @param {() => void} close
 * @param {() => void} [ended]
 * @returns {Child}
 */
export function stopDialog(visit, name, close, ended) {
  if (name === "") return null;
  const end = async (/** @type {boolean} */ forget) => {
    close();
    if (await stop(visit, name, forget)) ended?.();
  };
  const active = [...(visit.state.status?.services ?? []), ...(visit.state.status?.bridges ?? [])].some(
    (each) => each.name === name && each.active,
  );
  return dialog(
    { title: active ? `Stop ${name}?` : `Remove ${name}?`, close, testid: "stop-dialog" },
    h("p", null, active
      ? "It is kept for the next start. Turn it off and keep it in the list, or remove it."
      : "It is off. Removing it takes it out of the configuration."),
    active && button("Turn off", () => void end(false), { key: "off", testid: "turn-off" }),
    button("Remove", () => void end(true), { kind: "danger", key: "remove", testid: "remove" }),
  );
}
