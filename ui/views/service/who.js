// @ts-check
/**
 * Who can connect to a service, and changing it.
 *
 * @import { Child, Visit } from "../../types.js"
 * @import { ServiceStatus, Status } from "../../generated/api.js"
 * @import { ServiceForm } from "../service.js"
 * @import { Access } from "../../parts/access.js"
 */

import { h } from "../../dom.js";
import { wordsOf } from "../../refused.js";
import { memberWords, whoOf } from "../../words.js";
import { access, accessProblem } from "../../parts/access.js";
import { button, problem } from "../../parts/controls.js";
import { guests } from "./guests.js";
import { invites } from "./invites.js";
import { inviting } from "./inviting.js";
import { makeLink, showCode } from "./link.js";

/** @param {Visit<ServiceForm>} visit @param {Status} status @param {ServiceStatus} it @returns {Child} */
export function who(visit, status, it) {
  const { form } = visit;
  if (form.access) return editing(visit, it, form.access);
  return [
    h("div", { class: "spread", key: "words" },
      h("p", { "data-testid": "who-words" }, words(status, it)),
      button("Change", () => visit.set({ access: begun(it), accessProblem: "" }), { focus: form.edited, testid: "change-access", label: `Change who can connect to ${it.name}` })),
    guests(visit, status, it),
    invites(visit, status),
    it.active && inviting(visit),
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
      const who = it.invites ? "Anyone you give the link to" : "The guests below";
      return names === "" ? `${who}.` : `${names}. ${who}, too.`;
    }
  }
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
      h("p", { class: "hint", key: "warning" }, "The links there are stop working. Guests keep their access only if they are chosen."),
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
  return [...it.allow.filter((member) => member !== "anyone"), ...lasting(it)];
}

/** Guests without an end; who was let in for a time is not to stay by this. @param {ServiceStatus} it */
function lasting(it) {
  return it.guests.filter((guest) => !guest.once && guest.until === undefined).map((guest) => guest.peer);
}

/** @param {ServiceStatus} it @returns {Access} */
function begun(it) {
  const kind = whoOf(it);
  const chosen = it.allow.filter((member) => member !== "anyone");
  return { who: kind === "nobody" ? "link" : kind, chosen: [...new Set([...chosen, ...lasting(it)])] };
}

/** @param {Visit<ServiceForm>} visit @param {string[] | null} allow @param {boolean} withLink */
async function change(visit, allow, withLink) {
  const { name } = visit.form;
  const plain = visit.state.status?.services.find((each) => each.name === name)?.link ?? "";
  visit.set({ busy: true });
  try {
    if (allow) await visit.ask({ request: "allow", service: name, allow }, "done");
    visit.set({ link: "", code: null, made: null, access: null, edited: true });
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
