// @ts-check
/**
 * Making a link that lets in only one, or ends, or wants a PIN.
 *
 * @import { Child, Visit } from "../../types.js"
 * @import { QrCode } from "../../generated/api.js"
 * @import { ServiceForm } from "../service.js"
 */

import { h } from "../../dom.js";
import { wordsOf } from "../../refused.js";
import { button, choice, form, problem, select, tick } from "../../parts/controls.js";
import { qr } from "../../parts/qr.js";
import { copyable } from "../../parts/shown.js";
import { kindOf, loadInvites } from "./invites.js";

/** The terms as they are chosen; `secs` is `""` for no end. @typedef {{ once: boolean, secs: string, pin: boolean, busy: boolean, problem: string }} Terms */
/** What was made; the secret in the link is known now and never again. @typedef {{ id: string, link: string, pin: string | undefined, words: string, code: QrCode | null }} Made */

/** @type {Terms} */
const BEGUN = { once: true, secs: "", pin: false, busy: false, problem: "" };

const ENDS = [
  { value: "", label: "Never" },
  { value: "3600", label: "After 1 hour" },
  { value: "86400", label: "After 1 day" },
  { value: "604800", label: "After 7 days" },
];

/** @param {Visit<ServiceForm>} visit @returns {Child} */
export function inviting(visit) {
  const { inviting: terms, made, invited, invites } = visit.form;
  if (terms) return asked(visit, terms);
  const label = invites?.length ? "Make another link…" : "Make a link with an end or a PIN…";
  return [
    made && result(visit, made),
    // Made anew when what had the focus goes.
    h("div", { class: "form-acts", key: made ? "begin besides" : "begin" },
      button(label, () => visit.set({ inviting: BEGUN, made: null, invited: true }), { icon: "add", focus: invited && !made, testid: "new-invite" })),
  ];
}

/** @param {Visit<ServiceForm>} visit @param {Terms} terms */
function asked(visit, terms) {
  const change = (/** @type {Partial<Terms>} */ patch) => visit.set({ inviting: { ...terms, ...patch } });
  return form(() => void make(visit, terms), { class: "form card", key: "terms", "aria-labelledby": "new-link", "data-testid": "invite-form" },
    h("h3", { class: "card-title", id: "new-link", tabindex: "-1", focus: true }, "A new link"),
    h("fieldset", { class: "group" },
      h("legend", { class: "field-label" }, "Whom it lets in"),
      choice("invite", terms.once ? "once" : "everybody", [
        { value: "once", label: "Only the first who opens it" },
        { value: "everybody", label: "Everybody who has it" },
      ], (who) => change({ once: who === "once" }))),
    h("div", { class: "fields" },
      select({ id: "invite-for", label: "It ends", value: terms.secs, choices: ENDS, change: (secs) => change({ secs }), hint: "And with it what it has let in.", testid: "invite-for" })),
    tick("Ask for a PIN, too", terms.pin, (pin) => change({ pin }), { hint: "The link alone then lets nobody in.", testid: "invite-pin" }),
    problem("invite", terms.problem),
    h("div", { class: "form-acts" },
      button("Make the link", () => {}, { kind: "main", submit: true, busy: terms.busy, testid: "make-invite" }),
      button("Cancel", () => visit.set({ inviting: null }), { testid: "cancel-invite" })));
}

/** @param {Visit<ServiceForm>} visit @param {Made} made */
function result(visit, { id, link, pin, words, code }) {
  return h("div", { class: "card", key: `made ${id}`, "data-testid": "made-invite" },
    h("h3", { class: "card-title", tabindex: "-1", focus: true }, `A link ${words}`),
    h("div", { class: "give" },
      h("div", { class: "give-link" },
        h("p", { class: "hint" }, "Copy it now: it is not shown again."),
        copyable(visit, link, "link", "invite-link"),
        pin !== undefined && [
          h("p", { class: "hint", key: "how" }, "Tell the PIN by other means than the link, such as by telephone."),
          h("div", { key: "pin" }, copyable(visit, pin, "PIN", "pin")),
        ],
        button("Done", () => visit.set({ made: null }), { testid: "invite-done" })),
      h("div", { class: "give-code" }, code && qr(code, "QR code of the new link"))));
}

/** @param {Visit<ServiceForm>} visit @param {Terms} terms */
async function make(visit, terms) {
  const { once, secs, pin: wantsPin, busy } = terms;
  if (busy) return;
  visit.set({ inviting: { ...terms, busy: true, problem: "" } });
  try {
    const { id, link, pin } = await visit.ask({
      request: "invite", service: visit.form.name, once, for_secs: secs === "" ? undefined : Number(secs), pin: wantsPin,
    }, "invited");
    const made = { id, link, pin, words: kindOf({ once, pin: wantsPin, open: true }), code: null };
    visit.set({ inviting: null, made });
    await loadInvites(visit);
    const code = await visit.ask({ request: "qr", text: link }, "qr");
    if (visit.form.made === made) visit.set({ made: { ...made, code } });
  } catch (thrown) {
    const { inviting: asking } = visit.form;
    // A link too long for a code can still be copied.
    if (asking) visit.set({ inviting: { ...asking, busy: false, problem: wordsOf(thrown) } });
  }
}
