// @ts-check
/**
 * Who used or was refused what, newest first.
 *
 * @import { Route, View, Visit } from "../types.js"
 * @import { LogEntry, Status } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { clock, day } from "../format.js";
import { logWords } from "../log.js";
import { button, select } from "../parts/controls.js";
import { heading } from "../parts/heading.js";
import { note, waiting } from "../parts/shown.js";
import { wordsOf } from "../refused.js";
import { nameOf } from "../words.js";

/**
 * @typedef {object} LogForm
 * @property {LogEntry[] | null} entries newest first; `null` until they are read
 * @property {string} peer the id52 of the only one that is meant, or `""`
 * @property {string} service likewise, its name
 * @property {string} problem why they could not be read
 */

/** @type {View<LogForm>} */
export const log = {
  title: () => "Log",
  begin: ({ about, name = "" }) => ({
    entries: null, peer: about === "peer" ? name : "", service: about === "service" ? name : "", problem: "",
  }),
  enter: (visit) => void load(visit),
  render(visit) {
    const { state: { status }, form: it } = visit;
    if (!status) return null;
    return [
      heading("Log", {
        back: () => visit.go(cameFrom(visit.state.route)),
        aside: button("Look again", () => void load(visit), { icon: "again", testid: "look-again" }),
      }),
      h("p", { class: "lead", key: "lead" }, "Who used what, and who was refused. Only this machine has it."),
      h("div", { class: "fields filters", key: "filters" },
        select({ id: "log-peer", label: "Peer", value: it.peer, choices: peersOf(status, it.peer), change: (peer) => choose(visit, { peer }), testid: "log-peer" }),
        select({ id: "log-service", label: "Service", value: it.service, choices: servicesOf(status, it.service), change: (service) => choose(visit, { service }), testid: "log-service" })),
      h("div", { class: "section", key: "entries", "aria-busy": it.entries === null ? "true" : "false" },
        it.problem !== "" ? note("bad", it.problem) : entries(it.entries)),
    ];
  },
};

/** What leads to the log. @param {Route} route @returns {Route} */
function cameFrom({ about, name }) {
  if (about === "service") return { view: "service", name };
  return { view: about === "peer" ? "peers" : "settings" };
}

/** @param {LogEntry[] | null} list */
function entries(list) {
  if (list === null) return waiting("Reading the log…");
  if (list.length === 0) return h("p", { class: "hint", "data-testid": "no-log" }, "Nothing of that is on record.");
  return h("ul", { class: "list list-small", "data-testid": "log", "aria-label": "Log" }, list.map((entry, index) =>
    h("li", { class: "row", key: String(list.length - index), "data-testid": "log-entry" },
      h("div", { class: "row-what" },
        h("span", { class: "row-facts row-said", title: entry.peer }, logWords(entry)),
        h("span", { class: "row-facts numbers" }, `${day(entry.at)}, ${clock(entry.at * 1000)}`)))));
}

/** Those who can be chosen, and whoever is. @param {Status} status @param {string} chosen */
function peersOf(status, chosen) {
  const ids = status.peers.map((peer) => peer.id52);
  if (chosen !== "" && !ids.includes(chosen)) ids.push(chosen);
  return [{ value: "", label: "Everybody" }, ...ids.map((id52) => ({ value: id52, label: nameOf(status.peers, id52) }))];
}

/** @param {Status} status @param {string} chosen */
function servicesOf(status, chosen) {
  const names = status.services.map((service) => service.name);
  if (chosen !== "" && !names.includes(chosen)) names.push(chosen);
  return [{ value: "", label: "All services" }, ...names.map((name) => ({ value: name, label: name }))];
}

/** @param {Visit<LogForm>} visit @param {Partial<LogForm>} patch */
function choose(visit, patch) {
  visit.set({ ...patch, entries: null });
  void load(visit);
}

/** @param {Visit<LogForm>} visit */
async function load(visit) {
  const { peer, service } = visit.form;
  try {
    const { entries: list } = await visit.ask({ request: "log", peer: peer || undefined, service: service || undefined }, "log");
    // Something else may have been chosen since.
    if (visit.form.peer === peer && visit.form.service === service) visit.set({ entries: list.reverse(), problem: "" });
  } catch (thrown) {
    visit.set({ entries: [], problem: wordsOf(thrown) });
  }
}
