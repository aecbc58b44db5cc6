// @ts-check
/**
 * The link to give away, and its QR code.
 *
 * @import { Visit } from "../../types.js"
 * @import { ServiceStatus } from "../../generated/api.js"
 * @import { ServiceForm } from "../service.js"
 */

import { invite, linkFor } from "../../acts.js";
import { h } from "../../dom.js";
import { button } from "../../parts/controls.js";
import { section } from "../../parts/heading.js";
import { prose } from "../../parts/prose.js";
import { qr } from "../../parts/qr.js";
import { copyable, note, waiting } from "../../parts/shown.js";
import { wordsOf } from "../../refused.js";
import { whoOf } from "../../words.js";

/** @param {Visit<ServiceForm>} visit @param {ServiceStatus} it */
export function linkSection(visit, it) {
  const { link, code, problem, revoked } = visit.form;
  if (!link.includes("k=") && (revoked || whoOf(it) === "nobody")) {
    return section("Link", { key: "link" },
      note("plain", h("p", null, revoked
        ? "The link to give away is revoked. A new one lets in whoever you give it to."
        : "Nobody can connect yet. A link with an invite lets in whoever you give it to."),
        problem !== "" && h("p", { class: "problem", role: "alert" }, prose(problem)),
        button("Make a link", () => void makeLink(visit), { kind: "main", icon: "share", testid: "make-link" })));
  }
  return section("Link", { key: "link" },
    h("div", { class: "give" },
      h("div", { class: "give-link" },
        h("p", { class: "hint" }, giveWords(it, link)),
        problem !== "" && h("p", { class: "problem", role: "alert" }, prose(problem)),
        link === "" && problem === "" && waiting("Making the link…"),
        link !== "" && copyable(visit, link, "", "link"),
        link !== "" && button("Copy link", () => visit.copy(link, `Link to ${it.name} copied`), { kind: "main", icon: "copy", testid: "copy-link" })),
      h("div", { class: "give-code" }, code && qr(code, `QR code of the link to ${it.name}`))));
}

/** @param {ServiceStatus} it @param {string} link */
function giveWords(it, link) {
  if (link.includes("k=")) return "Whoever you send this to can connect. Keep it among them.";
  return whoOf(it) === "everybody" ? "Whoever has this can connect." : "Those below can connect with it; anybody else has to be let in by you.";
}

/** The link and its code. @param {Visit<ServiceForm>} visit */
export async function showLink(visit) {
  const it = visit.state.status?.services.find((each) => each.name === visit.form.name);
  if (visit.form.link !== "") await showCode(visit, visit.form.link);
  else if (it && it.active && whoOf(it) !== "nobody") await withProblem(visit, async () => showCode(visit, await linkFor(visit, it)));
}

/** @param {Visit<ServiceForm>} visit */
export async function makeLink(visit) {
  await withProblem(visit, async () => showCode(visit, await invite(visit, visit.form.name)));
}

/** @param {Visit<ServiceForm>} visit @param {string} link */
export async function showCode(visit, link) {
  visit.set({ link, problem: "", revoked: false });
  try {
    const code = await visit.ask({ request: "qr", text: link }, "qr");
    if (visit.current() && visit.form.link === link) visit.set({ code });
  } catch {
    // A link too long for a code can still be copied.
    visit.set({ code: null });
  }
}

/** @param {Visit<ServiceForm>} visit @param {() => Promise<void>} what */
async function withProblem(visit, what) {
  try {
    await what();
  } catch (thrown) {
    visit.set({ problem: wordsOf(thrown) });
  }
}

