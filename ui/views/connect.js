// @ts-check
/**
 * Using a service of a peer. A link is always shown and asked about first, wherever it came from;
 * only the button opens anything.
 *
 * @import { View, Visit } from "../types.js"
 * @import { BridgeStatus, LinkTarget, OfferedService, Protocol } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { short } from "../format.js";
import { linkProblem, nameProblem, optionalPortProblem } from "../input.js";
import { button, choice, field, form, more, problem, tick } from "../parts/controls.js";
import { heading, section } from "../parts/heading.js";
import { openBridge } from "../parts/open.js";
import { petNameForm } from "../parts/petname.js";
import { copyable, note, state, waiting } from "../parts/shown.js";
import { Refused, wordsOf } from "../refused.js";
import { bridgeState, pathState } from "../words.js";

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
 * @property {boolean} keep
 * @property {"auto" | Protocol} protocol
 * @property {BridgeStatus | null} bridge the result
 * @property {string} petName
 * @property {string} petProblem
 * @property {{ link?: string, name?: string, port?: string, form?: string }} problems
 */

/** @type {View<ConnectForm>} */
export const connect = {
  title: () => "Connect to someone",
  begin: (route) => ({
    link: route.link ?? "", handed: route.link !== undefined, target: null, services: null, asking: "", service: "",
    name: "", port: "", keep: false, protocol: "auto", bridge: null, petName: "", petProblem: "", problems: {},
  }),
  enter(visit) {
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
        id: "link", label: "Link or id52", value: it.link, placeholder: "malai://…", code: true, keys: "url", focus: true,
        hint: "Paste what somebody sent you. You see what it leads to before anything opens.",
        error: it.problems.link, testid: "link-input",
        change: (link) => visit.set({ link, problems: {} }),
        beside: button("Look", () => {}, { kind: "main", submit: true, busy: it.asking !== "", testid: "read" }),
      }),
      it.asking !== "" && waiting(it.asking)),
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
  const who = target.name ?? "an unknown peer";
  if (target.own) {
    return note("plain", h("p", null, "This link is your own. Send it to somebody else."), another(visit));
  }
  return form(() => void open(visit), { class: "form", key: "question", "data-testid": "question", "aria-label": "Open this?" },
    h("div", { class: "card", key: "target" },
      // What was here before had the focus.
      h("h2", { class: "card-title", tabindex: "-1", focus: true, "data-testid": "target" },
        target.service === "" ? `Services of ${who}` : `${target.service} of ${who}`),
      h("p", { class: "code hint", title: target.peer }, target.name === undefined ? target.peer : short(target.peer)),
      target.invite && h("p", { class: "hint" }, "The link carries an invite: opening it gives you access."),
      target.bridged_as === undefined && h("p", { class: "hint" }, "Opening it makes an address on this machine that leads there."),
      it.handed && target.name === undefined &&
        note("warn", "Open it only if you know who sent it to you.")),
    target.bridged_as !== undefined && already(visit, target.bridged_as),
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
    choice("service", service, services.map((each) => ({ value: each.name, label: each.name, hint: each.protocol === "http" ? "web" : "tcp" })),
      (chosen) => visit.set({ service: chosen })));
}

/** @param {Visit<ConnectForm>} visit @param {BridgeStatus} opened */
function result(visit, opened) {
  const status = visit.state.status;
  const bridge = status?.bridges.find((each) => each.name === opened.name) ?? opened;
  const address = bridge.url || bridge.local;
  const peer = bridge.peer ?? visit.form.target?.peer;
  const named = status?.peers.some((each) => each.id52 === peer && each.name !== undefined);
  return [
    heading(`${bridge.name} is here`, { focus: true, back: () => visit.go({ view: "home" }), under: h("p", { class: "facts" }, state(bridgeState(bridge))) }),
    bridge.error !== undefined && note("bad", bridge.error),
    section("On this machine", { key: "address" },
      copyable(visit, address, "", "address"),
      h("p", { class: "hint" }, "Every user of this machine can open it."),
      h("div", { class: "form-acts" },
        openBridge(visit, bridge, true),
        button("Copy address", () => visit.copy(address, "Address copied"), { icon: "copy", testid: "copy-address" }))),
    peer !== undefined && !named && section("Give this peer a name", { key: "naming", testid: "naming" },
      h("p", { class: "hint" }, "Then you recognise it the next time, and can share with it."),
      petNameForm(visit, peer, visit.form, visit.set)),
  ];
}

/** Looks at what is typed; nothing is opened or connected. @param {Visit<ConnectForm>} visit */
async function read(visit) {
  const link = visit.form.link.trim();
  const wrong = linkProblem(link);
  visit.set({ target: null, services: null, service: "", problems: { link: wrong } });
  if (wrong !== "") return;
  await asking(visit, "Reading the link…", "link", async () => {
    const target = await visit.ask({ request: "read", link }, "link");
    visit.set({ link, target });
  });
  // A peer of ours was chosen here, so it may be asked at once; a stranger's link waits for a click.
  const { target, handed } = visit.form;
  if (target && target.service === "" && target.name !== undefined && !target.own && !handed) await look(visit);
}

/** @param {Visit<ConnectForm>} visit */
async function look(visit) {
  const { link, target } = visit.form;
  await asking(visit, `Asking ${target?.name ?? "the peer"}…`, "form", async () => {
    const { services } = await visit.ask({ request: "services", peer: link }, "services");
    visit.set({ services, service: services[0]?.name ?? "" });
  });
}

/** @param {Visit<ConnectForm>} visit */
async function open(visit) {
  const { form: it } = visit;
  if (it.asking !== "" || !it.target) return;
  const problems = { port: optionalPortProblem(it.port), name: it.name === "" ? "" : nameProblem(it.name) };
  visit.set({ problems });
  if (problems.port || problems.name) return;
  const service = it.target.service || it.service;
  await asking(visit, `Asking ${it.target.name ?? "the peer"}…`, "form", async () => {
    const protocol = it.protocol === "auto" ? await kindOf(visit, it, service) : it.protocol;
    const bridge = await visit.ask({
      request: "bridge", to: it.target?.service || service === "" ? it.link : `${it.target?.peer}/${service}`,
      name: it.name || undefined, listen: it.port.trim() || undefined, protocol, keep: it.keep,
    }, "bridged");
    visit.set({ bridge });
    visit.say(`${bridge.name} is open`);
  });
}

/** As the peer says; when it says nothing, most things are web. @param {Visit<ConnectForm>} visit @param {ConnectForm} it @param {string} service @returns {Promise<Protocol>} */
async function kindOf(visit, it, service) {
  try {
    const services = it.services ?? (await visit.ask({ request: "services", peer: it.link }, "services")).services;
    const found = service === "" ? services[0] : services.find((each) => each.name === service);
    return found?.protocol ?? "http";
  } catch (thrown) {
    // A peer that is away: the bridge waits for it.
    if (thrown instanceof Refused) return "http";
    throw thrown;
  }
}

/** @param {Visit<ConnectForm>} visit @param {string} words @param {"link" | "form"} place @param {() => Promise<void>} what */
async function asking(visit, words, place, what) {
  visit.set({ asking: words, problems: {} });
  try {
    await what();
  } catch (thrown) {
    visit.set({ problems: { [place]: wordsOf(thrown) } });
  } finally {
    visit.set({ asking: "" });
  }
}
