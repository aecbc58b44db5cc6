// @ts-check
/**
 * Choosing peers and groups.
 *
 * @import { Status } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { many } from "../format.js";
import { memberWords } from "../words.js";
import { tick } from "./controls.js";

/**
 * A tick for every peer with a name and every group, and for what is chosen already and is neither.
 * @param {Status} status
 * @param {string[]} chosen
 * @param {(chosen: string[]) => void} change
 * @param {{ except?: string }} [options] a group that cannot be its own member
 */
export function people(status, chosen, change, options = {}) {
  const peers = status.peers.flatMap((peer) => (peer.name === undefined ? [] : [{ member: peer.name, hint: "" }]));
  const groups = status.groups
    .filter((group) => group.name !== options.except)
    .map((group) => ({ member: `group:${group.name}`, hint: `group of ${many(group.members.length, "peer")}` }));
  const listed = [...peers, ...groups];
  const others = chosen
    .filter((member) => member !== "anyone" && !listed.some((each) => each.member === member))
    .map((member) => ({ member, hint: "" }));
  const all = [...listed, ...others];
  if (all.length === 0) {
    return h("p", { class: "hint" }, "You know no peers yet. Give somebody a name under Peers first.");
  }
  return h(
    "div",
    { class: "choices people", role: "group", "aria-label": "Peers and groups" },
    all.map(({ member, hint }) =>
      tick(
        memberWords(status.peers, member),
        chosen.includes(member),
        (checked) => change(checked ? [...chosen, member] : chosen.filter((each) => each !== member)),
        { key: member, hint, testid: `member-${member}` },
      ),
    ),
  );
}
