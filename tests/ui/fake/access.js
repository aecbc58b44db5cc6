// @ts-check
/**
 * What an engine would answer about who is let in, made from what the fake host keeps.
 *
 * @import { FakeHost } from "./host.js"
 * @import { Guest, InviteRequest, InviteStatus, LogEntry, LogRequest, Request, Response, Status } from "../../../ui/generated/api.js"
 */

import { ME, guest } from "./data.js";

/** @param {FakeHost} host @param {Status} status @param {Request} request @returns {Response | null} `null` for what is asked of others */
export function accessAnswer(host, status, request) {
  switch (request.request) {
    case "requests":
      return { response: "requests", requests: status.requests };
    case "admit":
      return admit(host, status, request);
    case "deny":
      return deny(host, status, request.peer, request.service);
    case "block":
      return block(host, status, request.peer, request.blocked);
    case "invites":
      return { response: "invites", invites: host.invites };
    case "invite":
      return invite(host, status, request);
    case "revoke":
      return revoke(host, status, request.invite);
    case "end-in": {
      const services = status.services.map((each) => (each.name === request.service ? { ...each, ends_in_secs: request.secs } : each));
      host.push({ ...status, services });
      return { response: "done" };
    }
    case "log":
      return { response: "log", entries: host.log.filter((entry) => isMeant(entry, request)) };
    default:
      return null;
  }
}

/** @param {FakeHost} host @param {Status} status @param {Extract<Request, { request: "admit" }>} request @returns {Response} */
function admit(host, status, request) {
  const { peer, service } = request;
  const now = Math.floor(Date.now() / 1000);
  const until = request.admission === "for" ? now + request.secs : undefined;
  const made = guest({ peer, since: now, until, once: request.admission === "once", through: "owner" });
  const requests = status.requests.filter((each) => each.peer !== peer || each.service !== service);
  host.push({ ...status, requests, services: withGuests(status, service, (guests) => [...guests.filter((each) => each.peer !== peer), made]) });
  return { response: "access", peer, services: [service ?? ""], still_allowed: [] };
}

/** @param {FakeHost} host @param {Status} status @param {string} peer @param {string | undefined} service @returns {Response} */
function deny(host, status, peer, service) {
  const requests = status.requests.filter((each) => each.peer !== peer || (service !== undefined && each.service !== service));
  host.push({ ...status, requests, services: withGuests(status, service, (guests) => guests.filter((each) => each.peer !== peer)) });
  return { response: "access", peer, services: [service ?? ""], still_allowed: [] };
}

/** @param {FakeHost} host @param {Status} status @param {string} id52 @param {boolean} blocked @returns {Response} */
function block(host, status, id52, blocked) {
  const name = status.peers.find((each) => each.id52 === id52)?.name ?? id52;
  const others = status.blocked.filter((each) => each !== name);
  host.push({
    ...status,
    blocked: blocked ? [...others, name] : others,
    requests: status.requests.filter((each) => each.peer !== id52),
    peers: status.peers.map((each) => (each.id52 === id52 ? { ...each, blocked } : each)),
  });
  return { response: "done" };
}

/** The standing link is the same one each time. @param {FakeHost} host @param {Status} status @param {InviteRequest} request @returns {Response} */
function invite(host, status, { service, once, for_secs, pin }) {
  const isStanding = !once && for_secs === undefined && !pin;
  const standing = host.invites.find((each) => each.service === service && each.open && !each.once && !each.pin && each.until === undefined);
  const id = isStanding && standing ? standing.id : `f${String(host.invites.length).padStart(15, "0")}`;
  if (id !== standing?.id) host.invites = [...host.invites, made(id, { service, once, for_secs, pin })];
  host.push({ ...status, services: status.services.map((each) => (each.name === service ? { ...each, invites: true } : each)) });
  const secret = isStanding ? "T0pS3cretT0pS3cret" : `S3cretOfOne${host.invites.length}`;
  return {
    response: "invited", service, id, pin: pin ? "271828" : undefined,
    link: `malai://${ME}/${service}?a=192.168.1.20:41234&k=${pin ? "~" : ""}${secret}`,
  };
}

/** @param {string} id @param {InviteRequest} request @returns {InviteStatus} */
function made(id, { service, once, for_secs, pin }) {
  const now = Math.floor(Date.now() / 1000);
  return { id, service, made: now, once, pin, until: for_secs === undefined ? undefined : now + for_secs, open: true, guests: [] };
}

/** @param {FakeHost} host @param {Status} status @param {string} id @returns {Response} */
function revoke(host, status, id) {
  const found = host.invites.find((each) => each.id === id);
  if (!found) return { response: "error", code: "name-unknown", message: `no link is called \`${id}\`` };
  host.invites = host.invites.filter((each) => each !== found);
  const services = status.services.map((each) => (each.name !== found.service ? each : {
    ...each,
    invites: host.invites.some((other) => other.service === each.name && other.open),
    guests: each.guests.filter((guest) => !found.guests.includes(guest.peer)),
  }));
  host.push({ ...status, services });
  return { response: "revoked", invites: 1, guests: found.guests.length };
}

/** @param {Status} status @param {string | undefined} service @param {(guests: Guest[]) => Guest[]} edit */
function withGuests(status, service, edit) {
  return status.services.map((each) => (service === undefined || each.name === service ? { ...each, guests: edit(each.guests) } : each));
}

/** @param {LogEntry} entry @param {LogRequest} request */
function isMeant(entry, { peer, service }) {
  return (peer === undefined || entry.peer === peer) && (service === undefined || entry.service === service);
}
