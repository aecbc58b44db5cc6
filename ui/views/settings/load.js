// @ts-check
/**
 * @import { Visit } from "../../types.js"
 * @import { SettingsForm } from "../settings.js"
 */

import { wordsOf } from "../../refused.js";

/** Reads the settings again. @param {Visit<SettingsForm>} visit */
export async function load(visit) {
  try {
    visit.set({ settings: await visit.ask({ request: "settings" }, "settings") });
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}
