// @ts-check
/**
 * What is asked of the engine, step by step: what a link leads to, what a peer offers, to open it.
 *
 * @import { Visit } from "../../types.js"
 * @import { Protocol } from "../../generated/api.js"
 * @import { ConnectForm } from "../connect.js"
 */

import { linkProblem, nameProblem, optionalPortProblem } from "../../input.js";
import { pinProblem, withPin } from "../../pin.js";
import { Refused, wordsOf } from "../../refused.js";

/**
 * Looks at what is typed; nothing is opened or connected, unless a peer was chosen here.
 * @param {Visit<ConnectForm>} visit @param {boolean} [chosen]
 */
export async function read(visit, chosen = false) {
  const link = visit.form.link.trim();
  const wrong = linkProblem(link);
  visit.set({ target: null, services: null, service: "", problems: { link: wrong } });
  if (wrong !== "") return;
  await asking(visit, "Reading the link…", "link", async () => {
    const target = await visit.ask({ request: "read", link }, "link");
    const seen = visit.form.nearby.find((peer) => peer.id52 === target.peer);
    const suggested = target.suggested_name ?? seen?.suggested_name ?? "";
    visit.set({ link, target, suggested, petName: suggested });
  });
  // A peer of ours was chosen here, so it may be asked at once; a stranger's link waits for a click.
  const { target, handed } = visit.form;
  const isTrusted = chosen || (target?.name !== undefined && !handed);
  if (target && target.service === "" && !target.own && isTrusted) await look(visit);
}

/** @param {Visit<ConnectForm>} visit */
export async function look(visit) {
  const { link, target } = visit.form;
  await asking(visit, `Asking ${target?.name ?? "the peer"}…`, "form", async () => {
    const { services } = await visit.ask({ request: "services", peer: link }, "services");
    visit.set({ services, service: services[0]?.name ?? "" });
  });
}

/** @param {Visit<ConnectForm>} visit */
export async function open(visit) {
  const { form: it } = visit;
  if (it.asking !== "" || !it.target) return;
  const problems = { port: optionalPortProblem(it.port), name: it.name === "" ? "" : nameProblem(it.name) };
  const { pin: wantsPin } = it.target;
  const pin = wantsPin ? pinProblem(it.pin) : "";
  visit.set({ problems: { ...problems, pin } });
  if (problems.port || problems.name || pin) return;
  const service = it.target.service || it.service;
  const link = wantsPin ? withPin(it.link, it.pin) : it.link;
  await asking(visit, `Asking ${it.target.name ?? "the peer"}…`, "form", async () => {
    if (wantsPin && !(await opens(visit, link, service))) {
      visit.set({ problems: { pin: "The link does not open with this PIN. After some wrong ones it ends; ask for another link then." } });
      return;
    }
    const protocol = it.protocol === "auto" ? await kindOf(visit, { ...it, link }, service) : it.protocol;
    const bridge = await visit.ask({
      request: "bridge", to: it.target?.service || service === "" ? link : `${it.target?.domain?.name ?? it.target?.peer}/${service}`,
      name: it.name || undefined, listen: it.port.trim() || undefined, protocol, keep: it.keep,
    }, "bridged");
    visit.set({ bridge });
    visit.say(`${bridge.name} is open`);
  });
}

/** Whether a link opens with the PIN in it; what is tried by a bridge would count each time. @param {Visit<ConnectForm>} visit @param {string} link @param {string} service */
async function opens(visit, link, service) {
  try {
    const { services } = await visit.ask({ request: "services", peer: link }, "services");
    return services.some((each) => each.name === service);
  } catch (thrown) {
    // A peer that is away: the bridge waits for it.
    if (thrown instanceof Refused) return thrown.code !== "not-permitted";
    throw thrown;
  }
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
