// @ts-check
/**
 * Who can connect to a service, and changing it.
 *
 * @import { Child, Visit } from "../../types.js"
 * @import { Guest, ServiceStatus, Status } from "../../generated/api.js"
 * @import { ServiceForm } from "../service.js"
 * @import { Access } from "../../parts/access.js"
 */

import { h } from "../../dom.js";
import { short } from "../../format.js";
import { wordsOf } from "../../refused.js";
import { memberWords, nameOf, whoOf } from "../../words.js";
import { access, accessProblem } from "../../parts/access.js";
import { button, iconButton, problem } from "../../parts/controls.js";
import { dialog } from "../../parts/dialog.js";
import { naming } from "../../parts/naming.js";
import { makeLink, showCode } from "./link.js";

/** @param {Visit<ServiceForm>} visit @param {Status} status @param {ServiceStatus} it @returns {Child} */
export function who(visit, status, it) {
  const { form } = visit;
  if (form.access) return editing(visit, it, form.access);
  return [
    h("div", { class: "spread", key: "words" },
      h("p", { "data-testid": "who-words" }, words(status, it)),
      button("Change", () => visit.set({ access: begun(it), accessProblem: "" }), { focus: form.edited, testid: "change-access", label: `Change who can connect to ${it.name}` })),
    it.guests.length > 0 && h("ul", { class: "list list-small", key: "guests", "aria-label": "Guests" },
      it.guests.map((guest) => guestRow(visit, status, guest))),
    form.removing !== "" && removal(visit, status, it),
  ];
}

/** @param {Status} status @param {ServiceStatus} it */
function words(status, it) {
  const names = it.allow.map((member) => memberWords(status.peers, member)).join(", ");
  switch (whoOf(it)) {
    case "everybody":
      return "Everybody who knows your id52 and this name.";
    case "nobody":
      return "Nobody yet.";
    case "chosen":
      return it.guests.length > 0 ? `${names}, and these guests:` : names;
    case "link": {
      const who = it.invites ? "Anyone you give the link to" : "Guests who had the link";
      return names === "" ? `${who}.` : `${names}. ${who}, too.`;
    }
  }
}

/** @param {Visit<ServiceForm>} visit @param {Status} status @param {Guest} guest */
function guestRow(visit, status, { peer: guest }) {
  const known = status.peers.some((peer) => peer.id52 === guest && peer.name !== undefined);
  return h("li", { class: "row", key: guest, "data-testid": "guest" },
    h("div", { class: "row-what" },
      h("span", { class: known ? "row-name" : "row-name code", title: guest }, nameOf(status.peers, guest)),
      h("span", { class: "row-where" }, known ? short(guest) : "came with the link")),
    h("div", { class: "row-acts" },
      !known && naming(visit, guest),
      iconButton("remove", `Shut out ${nameOf(status.peers, guest)}`, () => visit.set({ removing: guest }), "shut-out")));
}

/** @param {Visit<ServiceForm>} visit @param {Status} status @param {ServiceStatus} it */
function removal(visit, status, it) {
  const { removing } = visit.form;
  const close = () => visit.set({ removing: "" });
  const others = [...new Set([...it.allow, ...guestsOf(it).filter((guest) => guest !== removing)])];
  return dialog({ title: `Shut out ${nameOf(status.peers, removing)}?`, close, testid: "shut-out-dialog" },
    h("p", null, others.length > 0
      ? "The link stops working for everybody, or they could come back with it. The others keep their access."
      : "The link stops working, or they could come back with it."),
    button("Shut out", () => void change(visit, others, false), { kind: "danger", key: "shut-out", testid: "confirm-shut-out" }));
}

/** @param {Visit<ServiceForm>} visit @param {ServiceStatus} it @param {Access} edited */
function editing(visit, it, edited) {
  const { form } = visit;
  const save = () => {
    const wrong = accessProblem(edited);
    visit.set({ accessProblem: wrong });
    if (wrong !== "") return;
    void change(visit, allowedBy(it, edited), edited.who === "link");
  };
  return h("div", { class: "form", key: "edit", role: "group", "aria-label": "Change who can connect", tabindex: "-1", focus: true, "data-testid": "edit-access" },
    access(visit, edited, (next) => visit.set({ access: next, accessProblem: "" })),
    edited.who !== "link" && (it.invites || it.guests.length > 0) &&
      h("p", { class: "hint", key: "warning" }, "The present link stops working. Guests keep their access only if they are chosen."),
    problem("access", form.accessProblem),
    h("div", { class: "form-acts" },
      button("Save", save, { kind: "main", busy: form.busy, testid: "save-access" }),
      button("Cancel", () => visit.set({ access: null, edited: true }), { testid: "cancel-access" })));
}

/**
 * Whom to name; `null` when nobody has to be named anew, since a link only adds to those who are.
 * @param {ServiceStatus} it @param {Access} edited @returns {string[] | null}
 */
function allowedBy(it, { who, chosen }) {
  if (who === "everybody") return ["anyone"];
  if (who === "chosen") return chosen;
  if (!it.allow.includes("anyone")) return null;
  return [...it.allow.filter((member) => member !== "anyone"), ...guestsOf(it)];
}

/** @param {ServiceStatus} it */
function guestsOf(it) {
  return it.guests.map((guest) => guest.peer);
}

/** @param {ServiceStatus} it @returns {Access} */
function begun(it) {
  const kind = whoOf(it);
  const chosen = it.allow.filter((member) => member !== "anyone");
  return { who: kind === "nobody" ? "link" : kind, chosen: [...new Set([...chosen, ...guestsOf(it)])] };
}

/** @param {Visit<ServiceForm>} visit @param {string[] | null} allow @param {boolean} withLink */
async function change(visit, allow, withLink) {
  const { name } = visit.form;
  const plain = visit.state.status?.services.find((each) => each.name === name)?.link ?? "";
  visit.set({ busy: true });
  try {
    if (allow) await visit.ask({ request: "allow", service: name, allow }, "done");
    visit.set({ link: "", code: null, access: null, edited: true, removing: "" });
    if (withLink) await makeLink(visit);
    else if (allow && allow.length > 0) await showCode(visit, plain);
    visit.say(`Who can connect to ${name} is changed`);
  } catch (thrown) {
    const words = wordsOf(thrown);
    if (visit.form.access) visit.set({ accessProblem: words });
    else visit.say(words);
  } finally {
    visit.set({ busy: false });
  }
}
