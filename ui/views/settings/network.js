// @ts-check
/**
 * Relays and lookup.
 *
 * @import { Visit } from "../../types.js"
 * @import { NetworkSettings, RelaySetting, Settings } from "../../generated/api.js"
 * @import { SettingsForm } from "../settings.js"
 */

import { h } from "../../dom.js";
import { relayProblem } from "../../input.js";
import { wordsOf } from "../../refused.js";
import { button, choice, field, problem, tick } from "../../parts/controls.js";
import { section } from "../../parts/heading.js";
import { load } from "./load.js";

/** @type {[string, string, string][]} */
const LOOKUPS = [
  ["dns", "Internet (DNS)", "Peers anywhere find each other."],
  ["mdns", "Local network (mDNS)", "Peers on the same network find each other without the internet."],
  ["dht", "Public directory (DHT)", "Without any server; your addresses are then public."],
];

/** @param {Visit<SettingsForm>} visit @param {Settings} settings */
export function network(visit, settings) {
  const { form: it } = visit;
  const now = it.network ?? settings.network;
  const change = (/** @type {Partial<NetworkSettings>} */ patch) => visit.set({ network: { ...now, ...patch }, problems: {} });
  const urls = it.relayUrl || (now.relay.kind === "own" ? now.relay.urls.join(" ") : "");
  return section("Network", { key: "network", testid: "network" },
    h("fieldset", { class: "group", key: "relay" },
      h("legend", { class: "field-label" }, "Relay"),
      h("p", { class: "hint" }, "Carries traffic, still encrypted, when two machines cannot reach each other directly."),
      choice("relay", now.relay.kind, [
        { value: "default", label: "Public relays" },
        {
          value: "own", label: "My own",
          below: now.relay.kind === "own" && field({
            id: "relay-url", label: "Address of the relay", hint: "Several are separated by spaces.", value: urls, placeholder: "https://relay.example.org",
            code: true, keys: "url", error: it.problems.network, testid: "relay-url",
            change: (text) => visit.set({ relayUrl: text, network: { ...now, relay: relayOf("own", text) }, problems: {} }),
          }),
        },
        { value: "none", label: "None", hint: "Only direct connections." },
      ], (kind) => change({ relay: relayOf(kind, urls) }))),
    h("fieldset", { class: "group", key: "lookup" },
      h("legend", { class: "field-label" }, "Finding peers"),
      LOOKUPS.map(([name, label, hint]) => tick(label, now.lookup.includes(name), (on) =>
        change({ lookup: on ? [...now.lookup, name] : now.lookup.filter((each) => each !== name) }), { key: name, hint, testid: `lookup-${name}` }))),
    h("fieldset", { class: "group", key: "visible" },
      h("legend", { class: "field-label" }, "On this network"),
      tick("Show me to others on this network", now.visible, (visible) => change({ visible }), {
        hint: "They see my id52 and the name I suggest. Otherwise only those who know my id52 find me here.", testid: "visible",
      })),
    now.relay.kind !== "own" && problem("network", it.problems.network),
    it.network && h("div", { class: "form-acts", key: "acts" },
      button("Save", () => void save(visit, now), { kind: "main", testid: "save-network" }),
      button("Discard", () => visit.set({ network: null, relayUrl: "", problems: {} }), { testid: "discard-network" }),
      h("span", { class: "hint" }, "Relay and lookup work from the next start on.")));
}

/** @param {RelaySetting["kind"]} kind @param {string} urls @returns {RelaySetting} */
function relayOf(kind, urls) {
  return kind === "own" ? { kind, urls: urls.split(/[\s,]+/).filter((url) => url !== "") } : { kind };
}

/** @param {Visit<SettingsForm>} visit @param {NetworkSettings} network */
async function save(visit, { relay, lookup, visible }) {
  const urls = relay.kind === "own" ? relay.urls : null;
  const wrong = urls && (urls.length === 0 ? relayProblem("") : (urls.map(relayProblem).find((each) => each !== "") ?? ""));
  if (wrong) {
    visit.set({ problems: { network: wrong } });
    return;
  }
  try {
    await visit.ask({ request: "set-network", relay, lookup, visible }, "done");
    await load(visit);
    visit.set({ network: null, relayUrl: "" });
    visit.say(visit.form.settings?.restart_needed ? "Saved; it works from the next start on" : "Saved");
  } catch (thrown) {
    visit.set({ problems: { network: wordsOf(thrown) } });
  }
}
