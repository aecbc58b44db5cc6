// @ts-check
/**
 * Whoever is blocked and is not among the peers that are known, so that it can be let go.
 *
 * @import { Child, Visit } from "../../types.js"
 * @import { Status } from "../../generated/api.js"
 * @import { PeersForm } from "../peers.js"
 */

import { h } from "../../dom.js";
import { memberWords } from "../../words.js";
import { block } from "../../parts/blocking.js";
import { button, iconButton } from "../../parts/controls.js";
import { section } from "../../parts/heading.js";

/** @param {Visit<PeersForm>} visit @param {Status} status @returns {Child} */
export function blocked(visit, status) {
  const shown = new Set(status.peers.flatMap((peer) => [peer.id52, peer.name]));
  const others = status.blocked.filter((member) => !shown.has(member));
  if (others.length === 0) return null;
  return section("Blocked", { key: "blocked", testid: "blocked" },
    h("ul", { class: "list list-small" }, others.map((member) => row(visit, status, member))));
}

/** @param {Visit<PeersForm>} visit @param {Status} status @param {string} member */
function row(visit, status, member) {
  const isGroup = member.startsWith("group:");
  const words = memberWords(status.peers, member);
  return h("li", { class: "row", key: member, "data-testid": `blocked-${member}` },
    h("div", { class: "row-what" },
      h("span", { class: isGroup ? "row-name" : "row-name code", title: member }, words),
      h("span", { class: "row-facts" }, isGroup ? "a group; malai.toml says so" : "refused everything")),
    h("div", { class: "row-acts" },
      !isGroup && button("Unblock", () => void block(visit, member, false), { label: `Unblock ${words}`, testid: "unblock" })));
}

/** @param {Visit<PeersForm>} visit @param {string} id52 @param {string} label @param {boolean} isBlocked */
export function blockButton(visit, id52, label, isBlocked) {
  return isBlocked
    ? iconButton("unblock", `Unblock ${label}`, () => void block(visit, id52, false), "unblock")
    : iconButton("block", `Block ${label}`, () => visit.asking({ blocking: id52 }), "block");
}
