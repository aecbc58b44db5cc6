// @ts-check
/**
 * What works and what does not, on this machine and on the way to one peer.
 *
 * @import { Visit } from "../../types.js"
 * @import { Diagnosis, Status } from "../../generated/api.js"
 * @import { ConnectionForm } from "../connection.js"
 */

import { h } from "../../dom.js";
import { button, select } from "../../parts/controls.js";
import { findingList, summary } from "../../parts/findings.js";
import { section } from "../../parts/heading.js";
import { note, waiting } from "../../parts/shown.js";
import { wordsOf } from "../../refused.js";

/**
 * @typedef {object} Doctor
 * @property {Diagnosis | null} diagnosis of the last look
 * @property {boolean} looking
 * @property {string} failed why there is none
 * @property {string} peer whom to look at, or `""` while nobody was chosen
 * @property {string} asked who is looked at, or was in the last look
 */

/** @returns {Doctor} */
export function beginDoctor() {
  return { diagnosis: null, looking: false, failed: "", peer: "", asked: "" };
}

/** Looks at this machine, and at the way to a peer when one is named. @param {Visit<ConnectionForm>} visit @param {string} peer */
export async function examine(visit, peer) {
  set(visit, { looking: true, failed: "", asked: peer });
  try {
    const diagnosis = await visit.ask({ request: "doctor", peer: peer === "" ? undefined : peer }, "diagnosis");
    if (visit.current()) set(visit, { looking: false, diagnosis });
  } catch (thrown) {
    if (visit.current()) set(visit, { looking: false, failed: wordsOf(thrown) });
  }
}

/** @param {Visit<ConnectionForm>} visit */
export function found(visit) {
  const { diagnosis, looking, failed, asked } = visit.form.doctor;
  return section("What was found", { key: "found", testid: "found" },
    h("div", { class: "doctor-head" },
      h("div", { role: "status", "data-testid": "doctor-summary", "aria-busy": looking ? "true" : "false" },
        looking
          ? waiting(asked === "" ? "Looking at this machine and its network…" : `Looking at this machine and the way to ${asked}…`)
          : h("p", null, diagnosis === null ? "" : summary(diagnosis.findings))),
      diagnosis !== null && !looking && button("Copy report", () => copyReport(visit, diagnosis), { icon: "copy", testid: "copy-report" })),
    failed !== "" && note("bad", failed),
    diagnosis !== null && findingList(diagnosis.findings, "findings", { fold: true }));
}

/** @param {Visit<ConnectionForm>} visit @param {Status} status */
export function toPeer(visit, status) {
  const { diagnosis, looking, peer } = visit.form.doctor;
  const named = status.peers.flatMap((each) => (each.name === undefined ? [] : [each.name]));
  const chosen = peer === "" ? (named[0] ?? "") : peer;
  return section("The way to a peer", { key: "peer", testid: "to-peer" },
    named.length === 0
      ? h("p", { class: "hint" }, "You know no peers yet. Give somebody a name under Peers, then the way to them can be checked from both ends.")
      : h("div", { class: "doctor-peer" },
        select({
          id: "doctor-peer", label: "Peer", value: chosen, testid: "doctor-peer",
          choices: named.map((name) => ({ value: name, label: name })),
          change: (value) => set(visit, { peer: value }),
        }),
        button("Check both ends", () => void examine(visit, chosen), { testid: "check-peer", busy: looking })),
    diagnosis?.peer && [
      // Each look has a heading of its own, which takes the focus and comes into sight with it.
      h("h3", { class: "card-title doctor-name", key: `of ${diagnosis.at}`, tabindex: "-1", focus: true },
        `${diagnosis.peer.name}: ${summary(diagnosis.peer.findings)}`),
      findingList(diagnosis.peer.findings, "peer-findings"),
    ]);
}

/** @param {Visit<ConnectionForm>} visit @param {Diagnosis} diagnosis */
function copyReport(visit, diagnosis) {
  visit.copy(diagnosis.text, "Report copied, without names and secrets");
}

/** @param {Visit<ConnectionForm>} visit @param {Partial<Doctor>} patch */
function set(visit, patch) {
  visit.set({ doctor: { ...visit.form.doctor, ...patch } });
}
