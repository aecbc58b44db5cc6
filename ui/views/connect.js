// @ts-check
/**
 * Using a service of a peer. A link is always shown and asked about first, wherever it came from;
 * only the button opens anything.
 *
 * @import { View, Visit } from "../types.js"
 * @import { BridgeStatus, LinkTarget, NearbyPeer, OfferedService, Protocol } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { short } from "../format.js";
import { button, choice, field, form, more, problem, tick } from "../parts/controls.js";
import { heading, section } from "../parts/heading.js";
import { note, waiting } from "../parts/shown.js";
import { domainWords, offerWords, pathState } from "../words.js";
import { look, open, read } from "./connect/asking.js";
import { followNearby, nearby } from "./connect/nearby.js";
import { result } from "./connect/result.js";

/**
 * @typedef {object} ConnectForm
 * @property {string} link what is typed or was handed in
 * @property {boolean} handed whether it came from outside the window
 * @property {LinkTarget | null} target what it leads to
 * @property {OfferedService[] | null} services what the peer offers; `null` while not known
 * @property {string} asking what is waited for, in words
 * @property {string} service the one chosen of several
 * @property {string} name
 * @property {string} port
 * @property {string} pin what is told besides a link that wants one
 * @property {boolean} keep
 * @property {"auto" | Protocol} protocol
 * @property {BridgeStatus | null} bridge the result
 * @property {NearbyPeer[]} nearby who on this network wants to be seen
 * @property {string} suggested what the peer suggests to be called
 * @property {string} petName
 * @property {string} petProblem
 * @property {{ link?: string, name?: string, port?: string, pin?: string, form?: string }} problems
 */

/** @type {View<ConnectForm>} */
export const connect = {
  title: () => "Connect to someone",
  begin: (route) => ({
    link: route.link ?? "", handed: route.link !== undefined, target: null, services: null, asking: "", service: "",
    name: "", port: "", pin: "", keep: false, protocol: "auto", bridge: null, nearby: [], suggested: "", petName: "", petProblem: "", problems: {},
  }),
  enter(visit) {
    void followNearby(visit);
    if (visit.form.link !== "") void read(visit);
  },
  render(visit) {
    const { bridge, target } = visit.form;
    if (bridge) return result(visit, bridge);
    return [
      heading("Connect to someone", { back: () => visit.go({ view: "home" }) }),
      target ? question(visit, target) : begin(visit),
    ];
  },
};

/** @param {Visit<ConnectForm>} visit */
function begin(visit) {
  const { form: it, state: { status } } = visit;
  const known = status?.peers.filter((peer) => peer.name !== undefined) ?? [];
  return [
    form(() => void read(visit), { class: "form", key: "begin", "data-testid": "connect-form", "aria-label": "Connect to someone" },
      field({
        id: "link", label: "Link, id52 or domain", value: it.link, placeholder: "malai://…", code: true, keys: "url", focus: true,
        hint: "Paste what somebody sent you. You see what it leads to before anything opens.",
        error: it.problems.link, testid: "link-input",
        change: (link) => visit.set({ link, problems: {} }),
        beside: button("Look", () => {}, { kind: "main", submit: true, busy: it.asking !== "", testid: "read" }),
      }),
      it.asking !== "" && waiting(it.asking)),
    nearby(visit),
    known.length > 0 && section("Or choose a peer", { key: "peers" },
      h("ul", { class: "tiles" }, known.map((peer) => h("li", { key: peer.id52 },
        h("button", {
          class: "tile", type: "button", "data-testid": `peer-${peer.name}`,
          onclick: () => {
            visit.set({ link: peer.name ?? peer.id52, problems: {} });
            void read(visit);
          },
        },
          h("span", { class: "tile-title" }, peer.name),
          h("span", { class: "hint" }, pathState(peer.state, peer.rtt_ms).words)))))),
  ];
}

/** What the link leads to, and whether to open it. @param {Visit<ConnectForm>} visit @param {LinkTarget} target */
function question(visit, target) {
  const { form: it } = visit;
  const who = target.name ?? target.domain?.name ?? "an unknown peer";
  if (target.own) {
    return note("plain", h("p", null, "This link is your own. Send it to somebody else."), another(visit));
  }
  return form(() => void open(visit), { class: "form", key: "question", "data-testid": "question", "aria-label": "Open this?" },
    h("div", { class: "card", key: "target" },
      // What was here before had the focus.
      h("h2", { class: "card-title", tabindex: "-1", focus: true, "data-testid": "target" },
        target.service === "" ? `Services of ${who}` : `${target.service} of ${who}`),
      h("p", { class: "code hint", title: target.peer }, target.name === undefined ? target.peer : short(target.peer)),
      target.domain && h("p", { class: "hint", "data-testid": "domain" }, domainWords(target.domain, target.peer)),
      target.domain?.first && h("p", { class: "hint" }, "Opening it remembers this key for the domain; another one is not followed later."),
      target.invite && h("p", { class: "hint" }, target.pin
        ? "The link carries an invite: with its PIN it gives you access."
        : "The link carries an invite: opening it gives you access."),
      target.bridged_as === undefined && h("p", { class: "hint" }, "Opening it makes an address on this machine that leads there."),
      it.handed && target.name === undefined &&
        note("warn", "Open it only if you know who sent it to you.")),
    target.bridged_as !== undefined && already(visit, target.bridged_as),
    target.pin && field({
      id: "pin", label: "PIN", value: it.pin, placeholder: "123456", keys: "numeric", error: it.problems.pin, testid: "pin-input",
      hint: "Whoever sent the link tells it to you by other means.", change: (pin) => visit.set({ pin, problems: {} }),
    }),
    target.service === "" && offered(visit),
    more("More options",
      h("div", { class: "fields" }, field({ id: "port", label: "Local port", value: it.port, placeholder: "any free one", keys: "numeric", error: it.problems.port, testid: "local-port", change: (port) => visit.set({ port, problems: {} }) }),
      field({ id: "name", label: "Name here", value: it.name, placeholder: target.service || it.service, error: it.problems.name, testid: "bridge-name", change: (name) => visit.set({ name, problems: {} }) })),
      tick("Keep after a restart", it.keep, (keep) => visit.set({ keep }), { testid: "keep" }),
      h("fieldset", { class: "group" },
        h("legend", { class: "field-label" }, "Kind"),
        choice("protocol", it.protocol, [
          { value: "auto", label: "As its owner says" },
          { value: "http", label: "Web", hint: "HTTP" },
          { value: "tcp", label: "Anything else", hint: "TCP" },
        ], (protocol) => visit.set({ protocol })))),
    it.asking !== "" && waiting(it.asking),
    problem("form", it.problems.form),
    h("div", { class: "form-acts", key: "acts" },
      button("Open", () => {}, { kind: "main", submit: true, busy: it.asking !== "", testid: "open-link" }),
      another(visit)));
}

/** @param {Visit<ConnectForm>} visit */
function another(visit) {
  return button("Another link", () => visit.go({ view: "connect" }), { key: "another", testid: "another" });
}

/** @param {Visit<ConnectForm>} visit @param {string} name */
function already(visit, name) {
  const bridge = visit.state.status?.bridges.find((each) => each.name === name);
  return note("plain",
    h("p", null, `It is open already, as ${name}.`),
    bridge && button("Show it", () => visit.set({ bridge }), { testid: "show-bridge" }));
}

/** @param {Visit<ConnectForm>} visit */
function offered(visit) {
  const { services, service, asking } = visit.form;
  if (services === null) {
    return asking === "" && button("See what they share", () => void look(visit), { key: "look", icon: "peers", testid: "services" });
  }
  if (services.length === 0) return note("plain", "Nothing there is shared with you. Ask for a link, or send them your id52.");
  return h("fieldset", { class: "group", key: "offered" },
    h("legend", { class: "field-label" }, "Choose one"),
    choice("service", service, services.map((each) => ({ value: each.name, label: each.name, hint: offerWords(each) })),
      (chosen) => visit.set({ service: chosen })));
}
