// @ts-check
/**
 * What was looked at to see whether a share can be reached.
 *
 * @import { Check, CheckSubject } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { capital } from "../format.js";
import { icon, mark } from "./icon.js";
import { prose } from "./prose.js";

/** @type {[CheckSubject, string][]} */
const SUBJECTS = [
  ["upstream", "Your server answers"],
  ["lan", "Reachable on the local network"],
  ["relay", "Reachable from the internet"],
];

const WORDS = { good: "yes", bad: "no", off: "not used" };

/**
 * The rows are there from the beginning and fill in, so nothing moves.
 * @param {Check[] | null} checks `null` while they are awaited
 */
export function checklist(checks) {
  return h(
    "ul",
    { class: "checks", "aria-live": "polite", "aria-busy": checks === null ? "true" : "false", "data-testid": "checks" },
    SUBJECTS.map(([what, label]) => {
      const check = checks?.find((each) => each.what === what);
      if (checks !== null && !check) return null;
      return h(
        "li",
        { class: "check", key: what, "data-testid": `check-${what}`, "data-outcome": check?.outcome ?? "waiting" },
        h("span", { class: `check-sign check-${check?.outcome ?? "waiting"}` }, check ? icon(check.outcome) : mark("busy")),
        h(
          "span",
          { class: "check-words" },
          h("span", { class: "check-label" }, label, h("span", { class: "unseen" }, `: ${check ? WORDS[check.outcome] : "looking"}`)),
          h("span", { class: "hint check-message" }, check ? prose(capital(check.message)) : "Looking…"),
        ),
      );
    }),
  );
}
