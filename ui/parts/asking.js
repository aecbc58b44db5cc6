// @ts-check
/**
 * Those who ask to be let in, above whatever view is shown, each with its answers.
 *
 * The list is there before anybody asks, so that screen readers read out who comes.
 *
 * @import { AccessRequest, Request } from "../generated/api.js"
 * @import { Acts, Child } from "../types.js"
 */

import { keyOf, leftOf } from "../asking.js";
import { h } from "../dom.js";
import { ago, day, short, span } from "../format.js";
import { wordsOf } from "../refused.js";
import { blockDialog } from "./blocking.js";
import { button } from "./controls.js";

const HOUR_SECS = 3600;

/** @param {Acts} visit @returns {Child} */
export function asking(visit) {
  const requests = visit.state.status?.requests ?? [];
  const anybody = requests.length > 0;
  return h("div", { class: "asking", key: "asking", tabindex: "-1", role: anybody ? "region" : undefined, "aria-label": anybody ? "Who asks to be let in" : undefined },
    h("ul", { class: "asks", key: "asks", "aria-live": "polite", "aria-relevant": "additions", "data-testid": anybody ? "asking" : undefined },
      requests.map((request) => card(visit, request))),
    blockDialog(visit));
}

/** @param {Acts} visit @param {AccessRequest} request */
function card(visit, request) {
  const { peer, name, service } = request;
  const who = name ?? short(peer);
  const disabled = visit.state.asking.held.includes(keyOf(request));
  /** @param {"once" | "hour" | "always"} how @param {string} label @param {Request} what @param {string} done */
  const admit = (how, label, what, done) =>
    button(label, (event) => void answer(visit, event, what, done), { testid: `admit-${how}`, key: how, label: `${label}: let ${who} open ${service}`, disabled });
  return h("li", { class: "ask", key: keyOf(request), "data-testid": `ask-${name ?? peer}-${service}` },
    h("div", { class: "ask-words", key: "words" },
      h("p", null,
        name === undefined ? ["A stranger ", h("code", { class: "code", title: peer }, short(peer))] : h("strong", { title: peer }, name),
        " wants to open ", h("strong", null, service)),
      // Seconds that pass are not read out.
      h("p", { class: "hint numbers", "aria-live": "off" }, facts(visit, request))),
    h("div", { class: "ask-acts", key: "acts" },
      admit("once", "Once", { request: "admit", peer, service, admission: "once" }, `${who} may use ${service} until it disconnects`),
      admit("hour", "1 hour", { request: "admit", peer, service, admission: "for", secs: HOUR_SECS }, `${who} may use ${service} for 1 hour`),
      admit("always", "Always", { request: "admit", peer, service, admission: "always" }, `${who} may use ${service}`),
      button("Deny", (event) => void answer(visit, event, { request: "deny", peer, service }, `${who} is not let in to ${service}`), { testid: "deny", key: "deny", label: `Deny ${who}`, disabled }),
      button("Block", () => visit.asking({ blocking: peer }), { kind: "danger", testid: "block", key: "block", label: `Block ${who}`, disabled })));
}

/** How well we know them, and whether they still wait. @param {Acts} visit @param {AccessRequest} request */
function facts(visit, request) {
  const { name, asked, known_since: since, waits_secs: waits } = request;
  const met = since === undefined ? "never met" : `known since ${day(since)}`;
  const known = name === undefined ? "not one of your peers" : met;
  const state = waits === undefined
    ? `was sent away unanswered, asked ${ago(asked, visit.state.now / 1000)}`
    : `waits ${span(leftOf(visit.state, request))} more`;
  return `${known} · ${state}`;
}

/** @param {Acts} visit @param {Event} event @param {Request} what @param {string} done */
async function answer(visit, event, what, done) {
  const { currentTarget: pressed } = event;
  const place = pressed instanceof Element ? pressed.closest(".asking") : null;
  try {
    await visit.ask(what, "access");
    visit.say(done);
    // The card goes, and the focus must not go with it.
    if (place instanceof HTMLElement) place.focus();
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}
