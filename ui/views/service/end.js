// @ts-check
/**
 * When a share ends by itself, and changing it.
 *
 * @import { Visit } from "../../types.js"
 * @import { ServiceStatus } from "../../generated/api.js"
 * @import { ServiceForm } from "../service.js"
 * @import { Ending } from "../../parts/ending.js"
 */

import { h } from "../../dom.js";
import { wordsOf } from "../../refused.js";
import { button, form, problem } from "../../parts/controls.js";
import { NO_END, endWords, ending, endingProblem, secondsOf } from "../../parts/ending.js";
import { section } from "../../parts/heading.js";

/** Nothing for what is kept: it ends when somebody stops it. @param {Visit<ServiceForm>} visit @param {ServiceStatus} it */
export function end(visit, it) {
  if (it.kept || !it.active) return null;
  const { end: edited, endProblem, ended } = visit.form;
  const words = endWords(visit.state, it);
  return section("When it ends", { key: "end", testid: "ending" },
    edited
      ? form(() => void save(visit, edited), { class: "form", key: "edit", "aria-label": "Change when it ends", tabindex: "-1", focus: true },
        ending(edited, (next) => visit.set({ end: next, endProblem: "" })),
        problem("end", endProblem),
        h("div", { class: "form-acts" },
          button("Save", () => {}, { kind: "main", submit: true, testid: "save-end" }),
          button("Cancel", () => visit.set({ end: null, endProblem: "", ended: true }), { testid: "cancel-end" })))
      : h("div", { class: "spread", key: "words" },
        h("p", { "data-testid": "end-words" }, words === "" ? "When you stop it, or malai quits." : `It ${words}.`),
        button("Stop at…", () => visit.set({ end: NO_END, endProblem: "" }), { focus: ended, testid: "change-end" })));
}

/** @param {Visit<ServiceForm>} visit @param {Ending} edited */
async function save(visit, edited) {
  const wrong = endingProblem(edited);
  if (wrong !== "") {
    visit.set({ end: { ...edited, problem: wrong } });
    return;
  }
  const { name: service } = visit.form;
  try {
    await visit.ask({ request: "end-in", service, secs: secondsOf(edited, new Date()) }, "done");
    visit.set({ end: null, ended: true });
    visit.say(edited.how === "" ? `${service} goes on until you stop it` : `${service} ends by itself`);
  } catch (thrown) {
    visit.set({ endProblem: wordsOf(thrown) });
  }
}
