// @ts-check
/**
 * States in words, with the shape that goes with each.
 *
 * @import { BackendStatus, BridgeStatus, MemberState, NamedBy, PeerState, PeerStatus, ServiceStatus, Status } from "./generated/api.js"
 * @import { Mark } from "./parts/icon.js"
 */

import { millis, short } from "./format.js";

/** @typedef {{ mark: Mark, words: string, more?: string }} Shown */

/** @param {ServiceStatus} service @returns {Shown} */
export function serviceState(service) {
  if (!service.active) return { mark: "idle", words: "off" };
  if (service.answers === false) {
    const more = `Nothing answers on ${places(service.upstream)}. Is your server running?`;
    return { mark: "bad", words: "upstream down", more };
  }
  const down = service.backends.filter((backend) => !backend.up);
  if (down.length > 0) {
    const words = down.length === service.backends.length ? "failing" : `${down.length} of ${service.backends.length} backends down`;
    return { mark: "bad", words, more: down.map(backendState).join(" ") };
  }
  if (service.traffic.streams_open > 0) return { mark: "good", words: "in use" };
  return { mark: "good", words: "ready" };
}

/** Why a backend is down, in a sentence. @param {BackendStatus} backend */
function backendState(backend) {
  const place = places([backend.address]);
  switch (backend.breaker) {
    case "closed":
      return `${place} fails its health checks; it is used again as soon as it does not.`;
    case "open":
      return `${place} failed or was too slow, and is left alone for a moment.`;
    case "half-open":
      return `${place} failed or was too slow; the next request tries whether it works again.`;
  }
}

/** @param {BridgeStatus} bridge @returns {Shown} */
export function bridgeState(bridge) {
  if (!bridge.active) return { mark: "idle", words: "off" };
  if (bridge.error !== undefined) return { mark: "bad", words: "cannot listen", more: bridge.error };
  if (bridge.waiting) return { mark: "busy", words: "waiting for approval", more: "Whoever shares it has to let you in." };
  // Requests wait at the bridge while its peer is away, and each tries again.
  if (bridge.state === "offline" && bridge.traffic.streams_open > 0) {
    return { mark: "busy", words: "retrying" };
  }
  const shown = pathState(bridge.state, bridge.rtt_ms);
  if (bridge.members.length < 2) return shown;
  const used = bridge.members.find((member) => member.state === "in-use");
  const out = bridge.members.filter((member) => member.state === "out");
  const more = bridge.members.map((member) => `${member.to}: ${standing(member.state)}`).join(", ");
  if (used === undefined) return { mark: "bad", words: "no peer answers", more: `${more}. They are tried again by themselves.` };
  const { mark, words } = pathState(used.path, used.rtt_ms);
  return out.length === 0 ? { mark, words, more } : { mark: "busy", words: `${words}, ${out.length} of ${bridge.members.length} out`, more };
}

/** @param {MemberState} state */
function standing(state) {
  switch (state) {
    case "in-use":
      return "in use";
    case "ready":
      return "ready";
    case "out":
      return "out";
  }
}

/** @param {PeerStatus} peer @returns {Shown} */
export function peerState(peer) {
  return peer.blocked ? { mark: "bad", words: "blocked", more: "It is refused everything." } : pathState(peer.state, peer.rtt_ms);
}

/** @param {PeerState} state @param {number | undefined} rtt @returns {Shown} */
export function pathState(state, rtt) {
  const time = rtt === undefined ? "" : ` ${millis(rtt)}`;
  switch (state) {
    case "direct":
      return { mark: "good", words: `direct${time}` };
    case "relayed":
      return { mark: "good", words: `relayed${time}` };
    case "connecting":
      return { mark: "busy", words: "connecting…" };
    case "offline":
      return { mark: "idle", words: "not connected" };
  }
}

/** How far this machine can be reached from. @param {Status} status @returns {Shown} */
export function reach(status) {
  switch (status.reach) {
    case "anywhere":
      return { mark: "good", words: "Online" };
    case "lan":
      return { mark: "good", words: "Local network" };
    case "machine":
      return { mark: "busy", words: "This machine only" };
  }
}

/** Where traffic goes, as people write it. @param {string[]} upstream */
export function places(upstream) {
  return upstream
    .map((each) => each.replace(/^(?:http:\/\/)?(?:127\.0\.0\.1|\[::1\]):(\d+)\/?$/, "localhost:$1"))
    .join(", ");
}

/** Whom a domain stands for, and how sure that is. @param {NamedBy} domain @param {string} id52 */
export function domainWords(domain, id52) {
  const first = domain.first ? ", first time" : "";
  return `${domain.name} → ${short(id52)}, ${securedWords(domain.secure)}${first}`;
}

/** @param {boolean | undefined} secure */
function securedWords(secure) {
  if (secure === undefined) return "as remembered, since the DNS does not say";
  return secure ? "secured by DNSSEC" : "not secured by DNSSEC";
}

/** A peer's pet name, or its key made short. @param {PeerStatus[]} peers @param {string} id52 */
export function nameOf(peers, id52) {
  return peers.find((peer) => peer.id52 === id52)?.name ?? short(id52);
}

/** A member of a group or of `allow`, as people read it. @param {PeerStatus[]} peers @param {string} member */
export function memberWords(peers, member) {
  if (member === "anyone") return "everybody";
  if (member.startsWith("group:")) return member.slice("group:".length);
  return member.length === 52 ? nameOf(peers, member) : member;
}

/** What is said beside the name of a peer's service. @param {import("./generated/api.js").OfferedService} service */
export function offerWords({ description, protocol, up }) {
  return [description, protocol === "http" ? "web" : "tcp", up === false && "(down)"].filter(Boolean).join(" · ");
}

/**
 * Where a web service of a peer with a pet name is at the gateway, while that is on.
 * @param {Status} status @param {string} peer @param {string} service
 */
export function namedUrl(status, peer, service) {
  const port = status.gateway?.split(":").pop();
  return port === undefined ? undefined : `http://${service === "" ? "" : `${service}.`}${peer}.localhost:${port}/`;
}

/** Who may use a service. @typedef {"link" | "chosen" | "everybody" | "nobody"} Who */

/** @param {ServiceStatus} service @returns {Who} */
export function whoOf(service) {
  if (service.allow.includes("anyone")) return "everybody";
  if (service.invites) return "link";
  if (service.allow.length > 0) return "chosen";
  return service.guests.length > 0 ? "link" : "nobody";
}
