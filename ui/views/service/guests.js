// @ts-check
/**
 * Those who were let in to a service beyond the ones it names, and shutting one out.
 *
 * @import { Child, Visit } from "../../types.js"
 * @import { Guest, InviteStatus, ServiceStatus, Status } from "../../generated/api.js"
 * @import { ServiceForm } from "../service.js"
 */

import { h } from "../../dom.js";
import { day, many, moment, short } from "../../format.js";
import { wordsOf } from "../../refused.js";
import { nameOf } from "../../words.js";
import { button, iconButton, tick } from "../../parts/controls.js";
import { dialog } from "../../parts/dialog.js";
import { naming } from "../../parts/naming.js";
import { revoke } from "./invites.js";

/** @param {Visit<ServiceForm>} visit @param {Status} status @param {ServiceStatus} it @returns {Child} */
export function guests(visit, status, it) {
  return [
    it.guests.length > 0 && h("ul", { class: "list list-small", key: "guests", "aria-label": "Guests" },
      it.guests.map((guest) => row(visit, status, guest))),
    visit.form.removing !== "" && removal(visit, status),
  ];
}

/** @param {Visit<ServiceForm>} visit @param {Status} status @param {Guest} guest */
function row(visit, status, guest) {
  const { peer } = guest;
  const known = status.peers.some((each) => each.id52 === peer && each.name !== undefined);
  const facts = [known ? short(peer) : "", cameBy(guest), untilWhen(guest, visit.state.now / 1000)];
  return h("li", { class: "row", key: peer, "data-testid": "guest" },
    h("div", { class: "row-what" },
      h("span", { class: known ? "row-name" : "row-name code", title: peer }, nameOf(status.peers, peer)),
      h("span", { class: "row-facts" }, facts.filter(Boolean).join(" · "))),
    h("div", { class: "row-acts" },
      !known && naming(visit, peer),
      iconButton("remove", `Shut out ${nameOf(status.peers, peer)}`, () => visit.set({ removing: peer, revokeToo: true }), "shut-out")));
}

/** @param {Guest} guest */
function cameBy({ through, since }) {
  return through === "invite" ? `came with a link ${day(since)}` : `let in by you ${day(since)}`;
}

/** @param {Guest} guest @param {number} now */
function untilWhen({ once, until }, now) {
  if (once) return "until it disconnects";
  return until === undefined ? "" : `until ${moment(until, now)}`;
}

/** Links by which a guest could come back at once. @param {ServiceForm} form @param {string} peer */
function waysBack({ invites }, peer) {
  return (invites ?? []).filter((invite) => invite.open && invite.guests.includes(peer));
}

/** @param {Visit<ServiceForm>} visit @param {Status} status */
function removal(visit, status) {
  const { removing, revokeToo } = visit.form;
  const who = nameOf(status.peers, removing);
  const ways = waysBack(visit.form, removing);
  const others = new Set(ways.flatMap((invite) => invite.guests).filter((guest) => guest !== removing)).size;
  const lost = others === 0 ? "Nobody else came with it." : `${many(others, "other guest")} came with it and cannot connect any more either.`;
  return dialog({ title: `Shut out ${who}?`, close: () => visit.set({ removing: "" }), testid: "shut-out-dialog" },
    [
      h("p", null, "What they have open is cut. They may ask to be let in again; to refuse them everything, block them under Peers."),
      ways.length > 0 && tick("Revoke the link they came with, too", revokeToo, (on) => visit.set({ revokeToo: on }), {
        key: "too", hint: revokeToo ? lost : "It is still open: they can come back with it.", testid: "revoke-too",
      }),
    ],
    button("Shut out", () => void shutOut(visit, removing, who, revokeToo ? ways : []), { kind: "danger", key: "shut-out", testid: "confirm-shut-out" }));
}

/** @param {Visit<ServiceForm>} visit @param {string} peer @param {string} who @param {InviteStatus[]} ways */
async function shutOut(visit, peer, who, ways) {
  const { name: service } = visit.form;
  visit.set({ removing: "" });
  try {
    const { still_allowed: still } = await visit.ask({ request: "deny", peer, service }, "access");
    for (const invite of ways) await revoke(visit, invite);
    visit.say(still.includes(service) ? `${who} is named in who can connect, and can still: change that` : `${who} is shut out`);
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}
