// @ts-check
/**
 * What those who may use a share see of it besides its name.
 *
 * @import { Visit } from "../../types.js"
 * @import { ServiceStatus } from "../../generated/api.js"
 * @import { ServiceForm } from "../service.js"
 */

import { descriptionProblem } from "../../input.js";
import { button, field, form } from "../../parts/controls.js";
import { section } from "../../parts/heading.js";
import { wordsOf } from "../../refused.js";

/** @param {Visit<ServiceForm>} visit @param {ServiceStatus} it */
export function description(visit, it) {
  const { described } = visit.form;
  return section("What it is", { key: "description", testid: "description-section" },
    form(() => void save(visit), { class: "form", "aria-label": "What it is" },
      field({
        id: "description", label: "Description", value: described ?? it.description ?? "", placeholder: "Our web shop",
        hint: "Those who may use it see this beside its name.", error: visit.form.describedProblem, testid: "description",
        change: (text) => visit.set({ described: text, describedProblem: "" }),
        beside: described !== null && button("Save", () => {}, { submit: true, testid: "save-description" }),
      })));
}

/** @param {Visit<ServiceForm>} visit */
async function save(visit) {
  const { described, name } = visit.form;
  if (described === null) return;
  const text = described.trim();
  const wrong = descriptionProblem(text);
  visit.set({ describedProblem: wrong });
  if (wrong !== "") return;
  try {
    await visit.ask({ request: "describe", service: name, description: text || undefined }, "done");
    visit.set({ described: null });
    visit.say(`The description of ${name} is saved`);
  } catch (thrown) {
    visit.set({ describedProblem: wordsOf(thrown) });
  }
}
