// @ts-check
/**
 * What several views do in the same way.
 *
 * @import { BridgeStatus, InviteStatus, ServiceStatus } from "./generated/api.js"
 * @import { Acts } from "./types.js"
 */

import { wordsOf } from "./refused.js";

/**
 * The link to give away. A share that is open to whoever has its link needs the invite in it; every
 * other one goes by who asks, so that its plain link will do.
 * @param {Acts} visit @param {ServiceStatus} service
 */
export async function linkFor(visit, service) {
  if (!service.invites) return service.link;
  const { invites } = await visit.ask({ request: "invites" }, "invites");
  const isOpen = invites.some((each) => each.service === service.name && isStanding(each));
  // A link for one, or with a PIN, does not open it to everybody who gets another.
  return isOpen ? invite(visit, service.name) : service.link;
}

/** Whether a link lets in whoever has it, without an end. @param {InviteStatus} invite */
export function isStanding({ open, once, pin, until }) {
  return open && !once && !pin && until === undefined;
}

/** A link that lets in whoever has it: the same one each time, until it is closed. @param {Acts} visit @param {string} service */
export async function invite(visit, service) {
  const { link } = await visit.ask({ request: "invite", service, once: false, pin: false }, "invited");
  return link;
}

/** @param {Acts} visit @param {ServiceStatus} service */
export async function copyLink(visit, service) {
  try {
    visit.copy(await linkFor(visit, service), `Link to ${service.name} copied`);
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}

/** Ends a share or bridge. @param {Acts} visit @param {string} name @param {boolean} forget */
export async function stop(visit, name, forget) {
  try {
    const { kept } = await visit.ask({ request: "stop", name, forget }, "stopped");
    visit.say(kept ? `${name} is off` : `${name} stopped`);
    return true;
  } catch (thrown) {
    visit.say(wordsOf(thrown));
    return false;
  }
}

/** Turns something on again that `malai.toml` keeps as off. @param {Acts} visit @param {ServiceStatus} service */
export async function startAgain(visit, service) {
  const { name, protocol, upstream, allow, description } = service;
  try {
    await visit.ask({ request: "share", name, protocol, upstream, allow, description, keep: true, must_answer: false }, "shared");
    visit.say(`${name} is shared again`);
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}

/** Likewise. @param {Acts} visit @param {BridgeStatus} bridge */
export async function bridgeAgain(visit, bridge) {
  const { name, protocol, to, local } = bridge;
  const listen = local === "" ? undefined : local;
  try {
    await visit.ask({ request: "bridge", name, protocol, to, listen, keep: true }, "bridged");
    visit.say(`${name} is connected again`);
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}
