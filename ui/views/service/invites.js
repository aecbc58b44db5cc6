// @ts-check
/**
 * The links that let people in to a service, and taking one back.
 *
 * @import { Child, Visit } from "../../types.js"
 * @import { InviteStatus, Status } from "../../generated/api.js"
 * @import { ServiceForm } from "../service.js"
 */

import { isStanding } from "../../acts.js";
import { h } from "../../dom.js";
import { capital, many, moment } from "../../format.js";
import { wordsOf } from "../../refused.js";
import { nameOf } from "../../words.js";
import { button } from "../../parts/controls.js";
import { dialog } from "../../parts/dialog.js";

/** Characters of an invite's name that tell it from others. */
const ID_SHOWN = 6;

/** @param {Visit<ServiceForm>} visit @param {Status} status @returns {Child} */
export function invites(visit, status) {
  const list = visit.form.invites ?? [];
  return [
    list.length > 0 && h("h3", { class: "field-label", key: "links" }, "Links"),
    list.length > 0 && h("ul", { class: "list list-small", key: "invites", "aria-label": "Links", "data-testid": "invites" },
      list.map((invite) => row(visit, status, invite))),
    revocation(visit),
  ];
}

/** @param {Visit<ServiceForm>} visit @param {Status} status @param {InviteStatus} invite */
function row(visit, status, invite) {
  const { id, guests, made, until } = invite;
  const now = visit.state.now / 1000;
  const facts = [
    `made ${moment(made, now)}`,
    until === undefined ? "no end" : `until ${moment(until, now)}`,
    guests.length === 0 ? "used by nobody yet" : `used by ${guests.map((guest) => nameOf(status.peers, guest)).join(", ")}`,
  ];
  const onclick = () => (guests.length === 0 ? void taken(visit, invite) : visit.set({ revoking: id }));
  return h("li", { class: "row", key: id, "data-testid": `invite-${id}` },
    h("div", { class: "row-what" },
      h("span", { class: "row-facts row-said" }, capital(kindOf(invite)), " ", h("code", { class: "code hint", title: id }, id.slice(0, ID_SHOWN))),
      h("span", { class: "row-facts" }, facts.join(" · "))),
    h("div", { class: "row-acts" },
      button("Revoke", onclick, { testid: "revoke", label: `Revoke the link ${id.slice(0, ID_SHOWN)}` })));
}

/** @param {Pick<InviteStatus, "once" | "pin" | "open">} invite */
export function kindOf({ once, pin, open }) {
  if (!open) return "used up";
  return `for ${once ? "the first who opens it" : "everybody who has it"}${pin ? ", with a PIN" : ""}`;
}

/** @param {Visit<ServiceForm>} visit */
function revocation(visit) {
  const { revoking, invites: list } = visit.form;
  const invite = list?.find((each) => each.id === revoking);
  if (!invite) return null;
  return dialog({ title: "Revoke this link?", close: () => visit.set({ revoking: "" }), testid: "revoke-dialog" },
    h("p", null, `${many(invite.guests.length, "guest")} came with it and cannot connect any more. What they have open is cut.`),
    button("Revoke", () => void taken(visit, invite), { kind: "danger", key: "revoke", testid: "confirm-revoke" }));
}

/** @param {Visit<ServiceForm>} visit @param {InviteStatus} invite */
async function taken(visit, invite) {
  visit.set({ revoking: "" });
  try {
    await revoke(visit, invite);
    visit.say("The link is revoked");
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}

/** Takes a link back; the one to give away may have been it. @param {Visit<ServiceForm>} visit @param {InviteStatus} invite */
export async function revoke(visit, invite) {
  await visit.ask({ request: "revoke", invite: invite.id }, "revoked");
  if (isStanding(invite)) visit.set({ link: "", code: null, revoked: true });
  if (visit.form.made?.id === invite.id) visit.set({ made: null });
  await loadInvites(visit);
}

/** @param {Visit<ServiceForm>} visit */
export async function loadInvites(visit) {
  try {
    const { invites: all } = await visit.ask({ request: "invites" }, "invites");
    visit.set({ invites: all.filter((invite) => invite.service === visit.form.name) });
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}
