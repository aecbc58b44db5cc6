// @ts-check
/**
 * Who may use a service.
 *
 * @import { Acts } from "../types.js"
 */

import { h } from "../dom.js";
import { choice } from "./controls.js";
import { people } from "./people.js";
import { note } from "./shown.js";

/** @typedef {{ who: "link" | "chosen" | "everybody", chosen: string[] }} Access */

/** @param {Acts} visit @param {Access} access @param {(access: Access) => void} change */
export function access(visit, access, change) {
  const { status } = visit.state;
  return h(
    "div",
    { class: "access", key: "access", role: "group", "aria-label": "Who may use it" },
    choice("who", access.who, [
      { value: "link", label: "Anyone I give the link to", hint: "The link carries an invite. Anybody else has to be let in by you." },
      {
        value: "chosen", label: "Chosen peers", hint: "Only peers and groups you pick.",
        below: access.who === "chosen" && status && people(status, access.chosen, (chosen) => change({ ...access, chosen })),
      },
      {
        value: "everybody", label: "Everybody", hint: "No invite needed.",
        below: access.who === "everybody" &&
          note("warn", "Whoever learns your id52 and this name can use it, without asking you."),
      },
    ], (who) => change({ ...access, who })),
  );
}

/** @param {Access} access */
export function accessProblem(access) {
  return access.who === "chosen" && access.chosen.length === 0 ? "Choose at least one peer." : "";
}
