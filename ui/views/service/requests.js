// @ts-check
/**
 * Requests as they are answered, newest first.
 *
 * @import { Status } from "../../generated/api.js"
 * @import { Seen } from "../../types.js"
 */

import { h } from "../../dom.js";
import { clock, millis } from "../../format.js";
import { nameOf } from "../../words.js";

/** @param {Status} status @param {Seen[]} seen */
export function requests(status, seen) {
  if (seen.length === 0) return h("p", { class: "hint", key: "none" }, "Requests show up here while this window is open.");
  return h("div", { class: "table-place", key: "table", tabindex: "0", role: "region", "aria-label": "Recent requests" },
    h("table", { class: "table", "data-testid": "requests" },
      h("thead", null, h("tr", null, ["Time", "Who", "Request", "Answer", "Took"].map((title) => h("th", { scope: "col", key: title }, title)))),
      h("tbody", null, seen.map((each) => h("tr", { key: String(each.id) },
        h("td", null, clock(each.at)),
        h("td", null, nameOf(status.peers, each.peer)),
        h("td", { class: "code table-path", title: `${each.method} ${each.path}` }, `${each.method} ${each.path}`),
        h("td", { class: each.status >= 500 ? "answer-bad" : undefined }, each.status),
        h("td", null, millis(each.ms)))))));
}
