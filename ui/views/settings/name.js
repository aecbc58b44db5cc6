// @ts-check
/**
 * What we suggest that others call us.
 *
 * @import { Visit } from "../../types.js"
 * @import { Settings } from "../../generated/api.js"
 * @import { SettingsForm } from "../settings.js"
 */

import { petNameProblem } from "../../input.js";
import { button, field, form } from "../../parts/controls.js";
import { section } from "../../parts/heading.js";
import { wordsOf } from "../../refused.js";
import { load } from "./load.js";

/** @param {Visit<SettingsForm>} visit @param {Settings} settings */
export function myName(visit, settings) {
  const { form: it } = visit;
  return section("My name", { key: "name", testid: "name-settings" },
    form(() => void save(visit), { class: "form", "aria-label": "My name" },
      field({
        id: "my-name", label: "What others may call me", value: it.name ?? settings.name ?? "", placeholder: "alice",
        hint: "Your links suggest it; everybody who has one can read it. Leave it empty to suggest nothing.",
        error: it.problems.name, testid: "my-name", change: (name) => visit.set({ name, problems: {} }),
        beside: it.name !== null && button("Save", () => {}, { submit: true, testid: "save-name" }),
      })));
}

/** @param {Visit<SettingsForm>} visit */
async function save(visit) {
  if (visit.form.name === null) return;
  const name = visit.form.name.trim();
  const wrong = name === "" ? "" : petNameProblem(name);
  visit.set({ problems: { name: wrong } });
  if (wrong !== "") return;
  try {
    await visit.ask({ request: "set-name", name: name || undefined }, "done");
    await load(visit);
    visit.set({ name: null });
    visit.say(name === "" ? "Your links suggest no name" : `Your links suggest the name ${name}`);
  } catch (thrown) {
    visit.set({ problems: { name: wordsOf(thrown) } });
  }
}
