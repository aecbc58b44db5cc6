// @ts-check
/**
 * How well this machine can be reached, in plain words, and what is wrong where it cannot.
 *
 * @import { View, Visit } from "../types.js"
 * @import { Check, Status } from "../generated/api.js"
 * @import { Doctor } from "./connection/doctor.js"
 */

import { h } from "../dom.js";
import { checklist } from "../parts/checks.js";
import { button, link } from "../parts/controls.js";
import { heading, section } from "../parts/heading.js";
import { note, state } from "../parts/shown.js";
import { wordsOf } from "../refused.js";
import { reach } from "../words.js";
import { beginDoctor, examine, found, toPeer } from "./connection/doctor.js";

/** @typedef {{ checks: Record<string, Check[] | null>, failed: Record<string, string>, doctor: Doctor }} ConnectionForm */

/** @type {View<ConnectionForm>} */
export const connection = {
  title: () => "Check my connection",
  begin: () => ({ checks: {}, failed: {}, doctor: beginDoctor() }),
  enter: (visit) => checkAll(visit),
  render(visit) {
    const { status } = visit.state;
    if (!status) return null;
    const active = status.services.filter((each) => each.active);
    return [
      heading("Check my connection", {
        back: () => visit.go({ view: "home" }),
        aside: button("Check again", () => checkAll(visit), { icon: "again", testid: "check", busy: visit.form.doctor.looking }),
      }),
      section("This machine", { key: "machine", testid: "reach" },
        h("p", { class: "facts" }, state(reach(status)), h("span", null, meaning(status))),
        h("dl", { class: "pairs" },
          pair("Relay", status.relay ?? "none in use"),
          pair("Addresses", status.addresses.length === 0 ? "none yet" : status.addresses.map((address) => h("span", { class: "pair-line code", key: address }, address))))),
      found(visit),
      toPeer(visit, status),
      section("My shares", { key: "shares" },
        active.length === 0 && h("p", { class: "hint" }, "Nothing is shared now, so there is nothing to check."),
        active.map((each) => h("div", { class: "card", key: each.name, "data-testid": `checks-${each.name}` },
          h("h3", { class: "card-title" }, link(each.name, `#/service/${encodeURIComponent(each.name)}`)),
          visit.form.failed[each.name] !== undefined
            ? note("bad", visit.form.failed[each.name])
            : checklist(visit.form.checks[each.name] ?? null)))),
    ];
  },
};

/** @param {Status} status */
function meaning(status) {
  switch (status.reach) {
    case "anywhere":
      return "Peers can reach you from anywhere.";
    case "lan":
      return "Peers on your local network can reach you. No relay has answered, so others may not.";
    case "machine":
      return "Only this machine can reach you, or it is not known yet. Is there a network?";
  }
}

/** @param {string} name @param {import("../types.js").Child} value */
function pair(name, value) {
  return h("div", { class: "pair", key: name }, h("dt", { class: "field-label" }, name), h("dd", { class: "pair-value" }, value));
}

/** @param {Visit<ConnectionForm>} visit */
function checkAll(visit) {
  visit.set({ checks: {}, failed: {} });
  void examine(visit, "");
  for (const service of visit.state.status?.services ?? []) {
    if (service.active) void check(visit, service.name);
  }
}

/** @param {Visit<ConnectionForm>} visit @param {string} service */
async function check(visit, service) {
  try {
    const { checks } = await visit.ask({ request: "check", service }, "checked");
    if (visit.current()) visit.set({ checks: { ...visit.form.checks, [service]: checks } });
  } catch (thrown) {
    if (visit.current()) visit.set({ failed: { ...visit.form.failed, [service]: wordsOf(thrown) } });
  }
}
