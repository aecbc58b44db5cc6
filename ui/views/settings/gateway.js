// @ts-check
/**
 * One port that leads to every service by name.
 *
 * @import { Visit } from "../../types.js"
 * @import { Settings, Status } from "../../generated/api.js"
 * @import { SettingsForm } from "../settings.js"
 */

import { tick } from "../../parts/controls.js";
import { section } from "../../parts/heading.js";
import { wordsOf } from "../../refused.js";
import { namedUrl } from "../../words.js";
import { load } from "./load.js";

/** The port it had the last time, or a free one. */
const ANY_PORT = "127.0.0.1:0";

/** @param {Visit<SettingsForm>} visit @param {Status} status @param {Settings} settings */
export function gateway(visit, status, settings) {
  const isOn = status.gateway !== undefined;
  const example = namedUrl(status, "alice", "shop") ?? "http://shop.alice.localhost";
  return section("Addresses with names", { key: "gateway", testid: "gateway-settings" },
    tick("Open services by name, too", isOn, (on) => void turn(visit, on ? (settings.gateway ?? ANY_PORT) : undefined), {
      hint: `The service shop of alice is then at ${example}, for every user of this machine.`, testid: "gateway",
    }));
}

/** @param {Visit<SettingsForm>} visit @param {string | undefined} listen */
async function turn(visit, listen) {
  try {
    await visit.ask({ request: "set-gateway", listen, keep: true }, "done");
    visit.say(listen === undefined ? "Addresses with names are off" : "Addresses with names are on");
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
  await load(visit);
}
