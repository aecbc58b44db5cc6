// @ts-check
/**
 * What an engine would answer, made from the status that the fake host keeps.
 *
 * @import { FakeHost } from "./host.js"
 * @import { NamedBy, Request, Response, Settings, Status } from "../../../ui/generated/api.js"
 */

import { accessAnswer } from "./access.js";
import { ALICE, BOB, GUEST, ME, bridge, peer, service } from "./data.js";
import { diagnosisOf } from "./doctor.js";

/** @type {Settings} */
const SETTINGS = {
  home: "/home/me/.local/share/malai",
  config: "/home/me/.local/share/malai/malai.toml",
  logs: "/home/me/.local/share/malai/logs",
  network: { relay: { kind: "default" }, lookup: ["dns", "mdns"], visible: false },
  restart_needed: false,
};

/** Domains that stand for somebody. @type {NamedBy[]} */
const DOMAINS = [
  { name: "secure.example", secure: true, first: true },
  { name: "plain.example", secure: false, first: false },
  { name: "remembered.example", first: false },
];

/** @param {FakeHost} host @param {Request} request @returns {Response} */
export function answerTo(host, request) {
  const status = host.status;
  if (!status) return { response: "error", code: "not-running", message: "no engine runs" };
  switch (request.request) {
    case "share":
      return share(host, status, request);
    case "stop":
      return stop(host, status, request.name, request.forget ?? false);
    case "bridge":
      return open(host, status, request);
    case "detect":
      return { response: "detected", servers: [
        { port: 3000, program: "vite", name: "shop", shared_as: status.services.find((each) => each.upstream[0]?.endsWith(":3000"))?.name },
        { port: 5173, program: "vite", name: "admin" },
        { port: 8000, program: "python3" },
      ] };
    case "read":
      return read(status, request.link);
    case "nearby":
      return { response: "nearby", peers: host.nearby };
    case "services":
      if (/[?&]k=\d*~/.test(request.peer)) return pinned(request.peer);
      return { response: "services", peer: ALICE, services: [{ name: "db", protocol: "tcp" }, { name: "orders", protocol: "http", description: "All orders", up: false }] };
    case "allow":
      host.invites = host.invites.filter((each) => each.service !== request.service);
      change(host, (each) => (each.name === request.service ? { ...each, allow: request.allow, invites: false, guests: [] } : each));
      return { response: "done" };
    case "describe":
      change(host, (each) => (each.name === request.service ? { ...each, description: request.description } : each));
      return { response: "done" };
    case "peer-add": {
      const others = status.peers.filter((peer) => peer.id52 !== request.id52);
      host.push({ ...status, peers: [...others, peer({ name: request.name, id52: request.id52 })] });
      return { response: "done" };
    }
    case "peer-remove":
      host.push({ ...status, peers: status.peers.filter((peer) => peer.name !== request.name) });
      return { response: "done" };
    case "group-put": {
      const others = status.groups.filter((group) => group.name !== request.name);
      host.push({ ...status, groups: [...others, { name: request.name, members: request.members }] });
      return { response: "done" };
    }
    case "group-remove":
      host.push({ ...status, groups: status.groups.filter((group) => group.name !== request.name) });
      return { response: "done" };
    case "check":
      return { response: "checked", checks: [
        { what: "upstream", outcome: "good", message: "it answers with 200" },
        { what: "lan", outcome: "good", message: "connected in 2 ms" },
        { what: "relay", outcome: "off", message: "no relay is wanted" },
      ] };
    case "doctor":
      return diagnosisOf(status, request.peer);
    case "qr":
      return { response: "qr", ...code(request.text) };
    case "settings":
      return { response: "settings", ...SETTINGS, ...host.settings };
    case "set-name":
      host.settings = { ...host.settings, name: request.name };
      return { response: "done" };
    case "set-gateway":
      host.settings = { ...host.settings, gateway: request.listen };
      host.push({ ...status, gateway: request.listen?.replace(/:0$/, ":4321") });
      return { response: "done" };
    case "set-network":
    case "export-identity":
    case "import-identity":
      return { response: "done" };
    default:
      return accessAnswer(host, status, request) ?? { response: "error", code: "request-invalid", message: "the fake engine does not know this" };
  }
}

/** @param {FakeHost} host @param {Status} status @param {Extract<Request, { request: "share" }>} request @returns {Response} */
function share(host, status, request) {
  const { upstream, allow, keep, protocol, description, for_secs, must_answer } = request;
  const place = /^\d+$/.test(upstream[0] ?? "") ? `127.0.0.1:${upstream[0]}` : (upstream[0] ?? "");
  if (must_answer && place.endsWith(":9999")) {
    return { response: "error", code: "nothing-answers", message: "nothing answers on 127.0.0.1:9999; start your server first" };
  }
  const name = request.name ?? `port-${place.split(":").pop()}`;
  const taken = status.services.find((each) => each.name === name);
  if (taken?.active) return { response: "error", code: "name-taken", message: `\`${name}\` is already shared; choose another name` };
  const made = service({ name, upstream: [place], allow: allow ?? [], kept: keep ?? false, protocol: protocol ?? "http", description, ends_in_secs: for_secs });
  host.push({ ...status, services: [...status.services.filter((each) => each.name !== name), made] });
  return { response: "shared", service: made, answers: true };
}

/** @param {FakeHost} host @param {Status} status @param {string} name @param {boolean} forget @returns {Response} */
function stop(host, status, name, forget) {
  /** @template {{ name: string, active: boolean, kept: boolean }} T @param {T[]} all @returns {T[]} */
  const without = (all) => all.flatMap((each) => {
    if (each.name !== name) return [each];
    return each.kept && !forget ? [{ ...each, active: false }] : [];
  });
  const services = without(status.services);
  const bridges = without(status.bridges);
  host.push({ ...status, services, bridges });
  return { response: "stopped", name, kept: [...services, ...bridges].some((each) => each.name === name) };
}

/** @param {FakeHost} host @param {Status} status @param {Extract<Request, { request: "bridge" }>} request @returns {Response} */
function open(host, status, { to, name, listen, protocol, keep }) {
  const found = /^(?:malai:\/\/)?([^/?]+)(?:\/([^?]*))?/.exec(to);
  const peer = found?.[1] === "alice" ? ALICE : found?.[1] === "bob" ? BOB : (found?.[1] ?? "");
  const local = `127.0.0.1:${listen ?? 41234}`;
  const wanted = name ?? (found?.[2] || "main");
  const isFree = !status.bridges.some((each) => each.name === wanted);
  const made = bridge({
    name: isFree ? wanted : `${wanted}-2`, to, peer, service: found?.[2] ?? "", local, protocol: protocol ?? "http",
    url: protocol === "tcp" ? "" : `http://${local}/`, kept: keep ?? false, state: "direct", rtt_ms: 12.3,
  });
  host.push({ ...status, bridges: [...status.bridges, made] });
  return { response: "bridged", ...made };
}

/** A link with a PIN lets in to what it names when the PIN is right. @param {string} link @returns {Response} */
function pinned(link) {
  if (!link.includes("k=271828~")) return { response: "error", code: "not-permitted", message: "the peer shares nothing with you" };
  return { response: "services", peer: ALICE, services: [{ name: /^malai:\/\/[^/]+\/([^?]*)/.exec(link)?.[1] ?? "", protocol: "http" }] };
}

/** @param {Status} status @param {string} link @returns {Response} */
function read(status, link) {
  const domain = DOMAINS.find((each) => link === each.name || link.startsWith(`${each.name}/`));
  if (domain) {
    const peer = domain.secure === undefined ? ALICE : BOB;
    const byKey = read(status, link.replace(domain.name, peer));
    return byKey.response === "link" ? { ...byKey, domain } : byKey;
  }
  if (link.startsWith("changed.example")) {
    return { response: "error", code: "domain-key-changed", message: "the domain changed.example names another key than before; `malai dns changed.example --accept` accepts the new key" };
  }
  const found = /^(?:malai:\/\/)?([0-9a-z]+)(?:\/([^?]*))?(.*)$/.exec(link);
  const known = status.peers.find((peer) => peer.name === found?.[1]);
  const peer = known?.id52 ?? found?.[1] ?? "";
  if (peer.length !== 52) return { response: "error", code: "argument-invalid", message: `\`${link}\` is not a peer; write a pet name, an id52 or a domain` };
  return {
    response: "link", peer, name: status.peers.find((each) => each.id52 === peer)?.name, service: found?.[2] ?? "",
    suggested_name: known ? undefined : /[?&]n=([a-z0-9-]+)/.exec(found?.[3] ?? "")?.[1],
    invite: /[?&]k=/.test(found?.[3] ?? ""), pin: /[?&]k=(?:~|%7E)/i.test(found?.[3] ?? ""), own: peer === ME,
    bridged_as: status.bridges.find((each) => each.peer === peer && each.service === found?.[2])?.name,
  };
}

/** @param {FakeHost} host @param {(service: Status["services"][number]) => Status["services"][number]} edit */
function change(host, edit) {
  const status = host.status;
  if (status) host.push({ ...status, services: status.services.map(edit) });
}

/** Not a code that a telephone reads, but one that looks like it. @param {string} text */
function code(text) {
  const width = 41;
  let seed = text.length;
  let modules = "";
  for (let at = 0; at < width * width; at += 1) {
    const row = Math.floor(at / width);
    const column = at % width;
    modules += finder(row, column, width) ?? ((seed = (seed * 1103515245 + 12345) % 2147483648) > 1073741824 ? "1" : "0");
  }
  return { width, modules };
}

/** @param {number} row @param {number} column @param {number} width */
function finder(row, column, width) {
  for (const [top, left] of /** @type {[number, number][]} */ ([[0, 0], [0, width - 7], [width - 7, 0]])) {
    const y = row - top;
    const x = column - left;
    if (y < -1 || y > 7 || x < -1 || x > 7) continue;
    const ring = Math.max(Math.abs(y - 3), Math.abs(x - 3));
    return ring === 3 || ring <= 1 ? "1" : "0";
  }
  return null;
}

export { GUEST };
