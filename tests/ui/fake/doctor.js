// @ts-check
/**
 * What an engine would find.
 *
 * @import { Diagnosis, Finding, PeerDiagnosis, Response, Status } from "../../../ui/generated/api.js"
 */

/** @type {Finding[]} */
const OWN = [
  { check: "version", verdict: "ok", summary: "malai runs", seen: "malai 0.1.0 runs" },
  { check: "config", verdict: "ok", summary: "malai.toml is valid", seen: "malai.toml is valid" },
  { check: "identity", verdict: "ok", summary: "the key opens (keychain)", seen: "the secret key opens, and is kept in the keychain of the system" },
  { check: "dns", verdict: "ok", summary: "names are found", seen: "the system finds the names of servers", figures: [{ name: "latency", value: 12.3, unit: "ms" }] },
  {
    check: "udp", verdict: "warning", summary: "the NAT is hard (symmetric)",
    seen: "UDP works over IPv4, and the NAT of this network is hard (symmetric): direct connections are rare; the relay carries traffic",
    advice: "nothing has to be done; for more speed forward a UDP port to this machine in the router, and write it into `bind` of malai.toml",
  },
  { check: "relay", about: "relay.example.org", verdict: "ok", summary: "connected to a relay", seen: "the relay relay.example.org carries what cannot go directly; we are connected to it", figures: [{ name: "latency", value: 31, unit: "ms" }] },
  { check: "clock", verdict: "ok", summary: "the clock is right", seen: "this machine's clock agrees with that of a server" },
  { check: "ports", verdict: "skipped", summary: "no port is fixed", seen: "no bridge has a port of its own choice" },
  {
    check: "upstream", about: "postgres", verdict: "problem", summary: "a service is down",
    seen: "Nothing answers at 127.0.0.1:5432. Start the service that is shared, then try again.", advice: "start what is shared; peers get 502 until then",
  },
];

/** @type {Finding[]} */
const THERE = [
  {
    check: "path", verdict: "warning", summary: "the peer is reached through the relay only",
    seen: "alice is reachable through the relay only: no direct connection came about, so everything takes the longer way",
    advice: "it works, only slower", figures: [{ name: "round_trip", value: 81.2, unit: "ms" }],
  },
  { check: "seen", verdict: "ok", summary: "the peer sees us through the relay", seen: "alice runs malai 0.1.0 and sees this machine through the relay" },
];

/** @param {Status} status @param {string | undefined} name @returns {Response} */
export function diagnosisOf(status, name) {
  const peer = status.peers.find((each) => each.name === name);
  if (name !== undefined && !peer) return { response: "error", code: "peer-unknown", message: `there is no peer called ${name}` };
  /** @type {Diagnosis} */
  const diagnosis = { version: "0.1.0", system: "linux x86_64", at: 1_790_000_000, findings: OWN, text: "malai 0.1.0 on linux x86_64\n" };
  if (!peer || name === undefined) return { response: "diagnosis", ...diagnosis };
  /** @type {PeerDiagnosis} */
  const there = { id52: peer.id52, name, reached: true, findings: THERE };
  return { response: "diagnosis", ...diagnosis, peer: there };
}
