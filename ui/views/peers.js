// @ts-check
/**
 * Peers and groups.
 *
 * @import { View, Visit } from "../types.js"
 * @import { GroupStatus, OfferedService, PeerStatus, Status } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { ago, day, many, short } from "../format.js";
import { id52Problem, petNameProblem } from "../input.js";
import { button, field, form, iconButton, problem } from "../parts/controls.js";
import { dialog } from "../parts/dialog.js";
import { heading, section } from "../parts/heading.js";
import { copyable, state } from "../parts/shown.js";
import { Refused, wordsOf } from "../refused.js";
import { peerState } from "../words.js";
import { blockButton, blocked } from "./peers/blocked.js";
import { groups } from "./peers/groups.js";
import { followOffers, offersOf } from "./peers/offers.js";

/**
 * @typedef {object} PeersForm
 * @property {string} name
 * @property {string} id52
 * @property {number} begun how often a peer was chosen to be named
 * @property {string} removing the pet name that is about to be forgotten
 * @property {{ name: string, members: string[], isNew: boolean } | null} group the one that is edited
 * @property {string} removingGroup
 * @property {Record<string, OfferedService[] | undefined>} offers what peers let us use, by id52; nothing while they do not say
 * @property {{ name?: string, id52?: string, group?: string, form?: string }} problems
 */

/** @type {View<PeersForm>} */
export const peers = {
  title: () => "Peers",
  begin: (route) => ({ name: "", id52: route.link ?? "", begun: 0, removing: "", group: null, removingGroup: "", offers: {}, problems: {} }),
  enter: (visit) => followOffers(visit),
  render(visit) {
    const { status } = visit.state;
    if (!status) return null;
    return [
      heading("Peers"),
      section("My id52", { key: "mine" },
        h("p", { class: "hint" }, "Give it to others, so that they can share with you."),
        copyable(visit, status.identity.id52, "my id52", "my-id52")),
      section("Peers I know", { key: "known" },
        status.peers.length === 0
          ? h("p", { class: "hint" }, "Nobody yet. Add somebody by their id52, or open a link.")
          : h("ul", { class: "list list-wide", "data-testid": "peers" }, status.peers.map((peer) => [row(visit, peer), offersOf(visit, status, peer)]))),
      blocked(visit, status),
      adding(visit),
      groups(visit, status),
      removal(visit, status),
    ];
  },
};

/** @param {Visit<PeersForm>} visit @param {PeerStatus} peer */
function row(visit, peer) {
  const { name, id52 } = peer;
  const label = name ?? short(id52);
  return h("li", { class: "row", key: id52, "data-testid": `peer-${name ?? id52}` },
    h("div", { class: "row-what" },
      h("a", { class: name === undefined ? "row-name row-link code" : "row-name row-link", href: `#/log/peer/${id52}`, title: `What ${label} used`, "data-testid": "go-log" }, label),
      h("span", { class: "row-where", title: id52 }, name === undefined ? "no name yet" : h("span", { class: "code" }, short(id52))),
      rotated(peer)),
    h("div", { class: "row-how" },
      state(peerState(peer)),
      h("span", { class: "flow flow-idle" }, seen(peer))),
    h("div", { class: "row-acts" },
      name === undefined
        ? iconButton("add", `Give ${label} a name`, () => begin(visit, id52), "give-name")
        : iconButton("connect", `Connect to ${name}`, () => visit.go({ view: "connect", link: name }), "connect-peer"),
      iconButton("copy", `Copy the id52 of ${label}`, () => visit.copy(id52, `id52 of ${label} copied`), "copy-id52"),
      blockButton(visit, id52, label, peer.blocked),
      name !== undefined && iconButton("remove", `Forget ${name}`, () => visit.set({ removing: name }), "forget")));
}

/** That this peer is known by another key than before. @param {PeerStatus} peer */
function rotated({ name, former, rotated: since }) {
  const last = former.at(-1);
  if (name === undefined || last === undefined) return null;
  const when = since === undefined ? "" : ` since ${day(since)}`;
  return h("span", { class: "hint", title: `in place of ${last}`, "data-testid": `rotated-${name}` }, `has a new key${when}`);
}

/** @param {PeerStatus} peer */
function seen(peer) {
  if (peer.state === "direct" || peer.state === "relayed") return "here now";
  return peer.last_seen === undefined ? "never seen" : `seen ${ago(peer.last_seen, Date.now() / 1000)}`;
}

/** @param {Visit<PeersForm>} visit @param {string} id52 */
function begin(visit, id52) {
  visit.set({ id52, name: "", begun: visit.form.begun + 1, problems: {} });
}

/** @param {Visit<PeersForm>} visit */
function adding(visit) {
  const { form: it } = visit;
  return section("Add a peer", { key: "adding" },
    form(() => void add(visit), { class: "form", key: `begun ${it.begun}`, "data-testid": "add-peer", "aria-label": "Add a peer" },
      field({ id: "peer-id52", label: "Their id52", value: it.id52, code: true, error: it.problems.id52, testid: "peer-id52", change: (id52) => visit.set({ id52, problems: {} }) }),
      field({
        id: "peer-name", label: "Pet name", hint: "What you call them; only you see it.", value: it.name, placeholder: "alice",
        error: it.problems.name, focus: it.id52 !== "", testid: "peer-name", change: (name) => visit.set({ name, problems: {} }),
        beside: button("Add", () => {}, { submit: true, icon: "add", testid: "add-peer-button" }),
      }),
      problem("peer-form", it.problems.form)));
}

/** @param {Visit<PeersForm>} visit */
async function add(visit) {
  const name = visit.form.name.trim();
  const id52 = visit.form.id52.trim();
  const problems = { id52: id52Problem(id52), name: petNameProblem(name) };
  visit.set({ problems });
  if (problems.id52 || problems.name) return;
  try {
    await visit.ask({ request: "peer-add", name, id52 }, "done");
    visit.set({ name: "", id52: "", problems: {} });
    visit.say(`${name} is added`);
  } catch (thrown) {
    const place = thrown instanceof Refused && thrown.code === "argument-invalid" ? "id52" : thrown instanceof Refused && thrown.code.startsWith("name-") ? "name" : "form";
    visit.set({ problems: { [place]: wordsOf(thrown) } });
  }
}

/** @param {Visit<PeersForm>} visit @param {Status} status */
function removal(visit, status) {
  const { removing } = visit.form;
  if (removing === "") return null;
  const close = () => visit.set({ removing: "" });
  const member = uses(status, removing);
  const remove = async () => {
    close();
    try {
      await visit.ask({ request: "peer-remove", name: removing }, "done");
      visit.say(`${removing} is forgotten`);
    } catch (thrown) {
      visit.say(wordsOf(thrown));
    }
  };
  return dialog({ title: `Forget ${removing}?`, close, testid: "forget-dialog" },
    h("p", null, member === "" ? "You can add them again by their id52." : `The name is used in ${member}. Take it out there first.`),
    button("Forget", () => void remove(), { kind: "danger", key: "forget", testid: "confirm-forget" }));
}

/** Where a pet name is used. @param {Status} status @param {string} name */
function uses(status, name) {
  const services = status.services.filter((service) => service.allow.includes(name)).map((service) => service.name);
  const within = status.groups.filter((/** @type {GroupStatus} */ group) => group.members.includes(name)).map((group) => group.name);
  const all = [...services, ...within];
  return all.length > 3 ? many(all.length, "place") : all.join(", ");
}
