// @ts-check
/**
 * What is shared and bridged: one line each.
 *
 * @import { View, Visit } from "../types.js"
 * @import { BridgeStatus, ServiceStatus, Status } from "../generated/api.js"
 */

import { bridgeAgain, copyLink, startAgain, stop } from "../acts.js";
import { h } from "../dom.js";
import { many } from "../format.js";
import { button, iconButton } from "../parts/controls.js";
import { endWords } from "../parts/ending.js";
import { heading, section } from "../parts/heading.js";
import { icon } from "../parts/icon.js";
import { openBridge } from "../parts/open.js";
import { flow, state } from "../parts/shown.js";
import { sparks } from "../parts/spark.js";
import { stopDialog } from "../parts/stopping.js";
import { rateOf } from "../state.js";
import { bridgeState, memberWords, nameOf, places, serviceState, whoOf } from "../words.js";

/** @typedef {{ stopping: string }} HomeForm */

/** @type {View<HomeForm>} */
export const home = {
  title: () => "Home",
  begin: () => ({ stopping: "" }),
  render(visit) {
    const { status } = visit.state;
    if (!status) return null;
    if (status.services.length === 0 && status.bridges.length === 0) return empty(visit);
    return [
      heading(summary(status), {
        aside: [
          button("Share something", () => visit.go({ view: "share" }), { kind: "main", icon: "share", testid: "go-share", key: "share" }),
          button("Connect to someone", () => visit.go({ view: "connect" }), { icon: "connect", testid: "go-connect", key: "connect" }),
        ],
      }),
      status.services.length > 0 &&
        section("Shared", { key: "shared", testid: "shared" },
          h("ul", { class: "list" }, status.services.map((each) => shared(visit, status, each)))),
      status.bridges.length > 0 &&
        section("Bridged", { key: "bridged", testid: "bridged" },
          h("ul", { class: "list" }, status.bridges.map((each) => bridged(visit, status, each)))),
      stopDialog(visit, visit.form.stopping, () => visit.set({ stopping: "" })),
    ];
  },
};

/** As the tray's first line. @param {Status} status */
export function summary(status) {
  const shared = status.services.filter((service) => service.active).length;
  const bridged = status.bridges.filter((bridge) => bridge.active).length;
  return `${shared} shared, ${bridged} bridged`;
}

/** @param {Visit<HomeForm>} visit */
function empty(visit) {
  return [
    heading("Welcome to malai"),
    h("p", { class: "lead" }, "Let somebody use what runs on your machine, or use what runs on theirs. It goes directly from one to the other."),
    h(
      "div",
      { class: "offers" },
      offer("share", "Share something", "A server on this machine, for whoever you give the link to.", () => visit.go({ view: "share" }), "go-share"),
      offer("connect", "Connect to someone", "Open a link you were given; it then looks like localhost.", () => visit.go({ view: "connect" }), "go-connect"),
    ),
  ];
}

/** @param {string} name @param {string} title @param {string} text @param {() => void} onclick @param {string} testid */
function offer(name, title, text, onclick, testid) {
  return h(
    "button",
    { class: "offer", type: "button", onclick, key: testid, "data-testid": testid },
    h("span", { class: "offer-icon" }, icon(name)),
    h("span", { class: "offer-words" }, h("span", { class: "offer-title" }, title), h("span", { class: "hint" }, text)),
    icon("next"),
  );
}

/** @param {Visit<HomeForm>} visit @param {Status} status @param {ServiceStatus} service */
function shared(visit, status, service) {
  const { name } = service;
  return h(
    "li",
    { class: "row", key: name, "data-testid": `share-${name}` },
    h("div", { class: "row-what" },
      h("a", { class: "row-name row-link", href: `#/service/${encodeURIComponent(name)}`, "data-testid": "service" }, name),
      h("span", { class: "row-where" }, [places(service.upstream), whoWords(status, service), endWords(visit.state, service)].filter(Boolean).join(" · "))),
    h("div", { class: "row-how" },
      state(serviceState(service)),
      service.active && flow(rateOf(visit.state, `service:${name}`))),
    h("div", { class: "row-acts" },
      service.active
        ? iconButton("copy", `Copy the link to ${name}`, () => void copyLink(visit, service), "copy-link")
        : iconButton("again", `Share ${name} again`, () => void startAgain(visit, service), "start-again"),
      iconButton("remove", `Stop sharing ${name}`, () => void ending(visit, service), "stop")),
    service.active && sparks(service.measured, service.protocol),
  );
}

/** @param {Visit<HomeForm>} visit @param {Status} status @param {BridgeStatus} bridge */
function bridged(visit, status, bridge) {
  const { name, peer } = bridge;
  const whose = peer === undefined ? bridge.to : nameOf(status.peers, peer);
  const from = bridge.service === "" || bridge.service === name ? whose : `${whose}/${bridge.service}`;
  return h(
    "li",
    { class: "row", key: name, "data-testid": `bridge-${name}` },
    h("div", { class: "row-what" },
      h("span", { class: "row-name" }, name),
      h("span", { class: "row-where", title: bridge.named_url }, bridge.local === "" ? `of ${from}` : `of ${from} · ${bridge.local}`)),
    h("div", { class: "row-how" },
      state(bridgeState(bridge)),
      bridge.active && flow(rateOf(visit.state, `bridge:${name}`))),
    h("div", { class: "row-acts" },
      bridge.active && openBridge(visit, bridge),
      bridge.active
        ? iconButton("copy", `Copy the address of ${name}`, () => visit.copy(bridge.url || bridge.local, `Address of ${name} copied`), "copy-address")
        : iconButton("again", `Connect ${name} again`, () => void bridgeAgain(visit, bridge), "start-again"),
      iconButton("remove", `Disconnect ${name}`, () => void ending(visit, bridge), "stop")),
    bridge.active && sparks(bridge.measured, bridge.protocol),
  );
}

/** What is only here for now ends at once; for what is kept, it is asked how. @param {Visit<HomeForm>} visit @param {{ name: string, kept: boolean }} what */
async function ending(visit, { name, kept }) {
  if (kept) visit.set({ stopping: name });
  else await stop(visit, name, false);
}

/** @param {Status} status @param {ServiceStatus} service */
function whoWords(status, service) {
  switch (whoOf(service)) {
    case "everybody":
      return "everybody";
    case "nobody":
      return "nobody yet";
    case "chosen":
      return service.allow.length > 2
        ? many(service.allow.length, "peer")
        : service.allow.map((member) => memberWords(status.peers, member)).join(", ");
    case "link":
      return service.guests.length > 0 ? many(service.guests.length, "guest") : "who has the link";
  }
}
