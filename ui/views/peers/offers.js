// @ts-check
/**
 * What each peer lets us use, asked again and again while the view is shown: a service that is gone
 * there is gone here.
 *
 * @import { Child, Visit } from "../../types.js"
 * @import { OfferedService, PeerStatus, Status } from "../../generated/api.js"
 * @import { PeersForm } from "../peers.js"
 */

import { h } from "../../dom.js";
import { iconButton } from "../../parts/controls.js";
import { Refused, wordsOf } from "../../refused.js";
import { namedUrl, offerWords } from "../../words.js";

/** Between two questions to a peer that is connected. */
const EVERY_MS = 3000;

/** Rounds between two questions to a peer that is not: asking dials it. */
const AWAY_ROUNDS = 10;

/** Peers that are asked; more are for the view of one alone. */
const MOST_PEERS = 32;

/** @param {Visit<PeersForm>} visit */
export function followOffers(visit) {
  /** @type {Set<string>} */
  const asking = new Set();
  let round = 0;
  const turn = () => {
    const named = visit.state.status?.peers.filter((peer) => peer.name !== undefined) ?? [];
    for (const peer of named.slice(0, MOST_PEERS)) {
      const here = peer.state === "direct" || peer.state === "relayed";
      if (asking.has(peer.id52) || (!here && round % AWAY_ROUNDS !== 0)) continue;
      asking.add(peer.id52);
      void ask(visit, peer.id52).finally(() => asking.delete(peer.id52));
    }
    round += 1;
    visit.later(EVERY_MS, turn);
  };
  turn();
}

/** @param {Visit<PeersForm>} visit @param {string} id52 */
async function ask(visit, id52) {
  /** @type {OfferedService[] | undefined} */
  let services;
  try {
    ({ services } = await visit.ask({ request: "services", peer: id52 }, "services"));
  } catch (thrown) {
    // Nothing for us is an answer; a peer that is away says nothing.
    if (thrown instanceof Refused && thrown.code === "not-permitted") services = [];
    else if (!(thrown instanceof Refused)) visit.say(wordsOf(thrown));
  }
  visit.set({ offers: { ...visit.form.offers, [id52]: services } });
}

/** @param {Visit<PeersForm>} visit @param {Status} status @param {PeerStatus} peer @returns {Child} */
export function offersOf(visit, status, peer) {
  const offered = visit.form.offers[peer.id52];
  const { name } = peer;
  if (offered === undefined || name === undefined) return null;
  if (offered.length === 0) return h("li", { class: "row", key: `none ${peer.id52}` }, h("span", { class: "hint" }, `${name} shares nothing with you.`));
  return offered.map((service) => {
    const url = service.protocol === "http" ? namedUrl(status, name, service.name) : undefined;
    return h("li", { class: "row row-under", key: `${peer.id52} ${service.name}`, "data-testid": `offer-${name}-${service.name}` },
      h("div", { class: "row-what" },
        h("span", { class: "row-name" }, service.name),
        h("span", { class: "row-where" }, offerWords(service))),
      h("div", { class: "row-how" }, url !== undefined && h("span", { class: "code hint", title: url }, url)),
      h("div", { class: "row-acts" },
        url !== undefined && iconButton("copy", `Copy the address of ${service.name}`, () => visit.copy(url, `Address of ${service.name} copied`), "copy-named"),
        iconButton("connect", `Connect to ${service.name} of ${name}`, () => visit.go({ view: "connect", link: `${name}/${service.name}` }), "connect-service")));
  });
}
