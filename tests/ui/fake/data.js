// @ts-check
/**
 * Engines as they could be, for tests and for looking at the screens.
 *
 * @import { AccessRequest, BackendStatus, BridgeStatus, Guest, InviteStatus, LogEntry, Measured, PeerStatus, ServiceStatus, Status } from "../../../ui/generated/api.js"
 */

/** @param {string} letter */
export const id52 = (letter) => `${letter.repeat(51)}g`;

export const ME = "k3f9o7b2m5t1c8a4q6e0v2h5j9r3s7d1u4l8n6p0i2g5k3f9o7b0";
export const ALICE = "a1b7m4t9c2o5e8q3v6h0j4r7s1d5u9l2n6p3i8g0k4f7a1b7m40g";
export const BOB = "b8h3j6r0s4d7u1l5n9p2i6g3k8f0o4b7m1t5c9a2q6e3v8h0j40g";
export const STRANGER = "s7t1r5a9n3g6e0r4s8t2r6a0n5g9e3r7s1t5r9a3n7g1e5r9s30g";
export const GUEST = "g0k4f7o1b5m9t3c6a0q4e8v2h6j1r5s9d3u7l0n4p8i2g6k1f50g";

/** @returns {Status} */
export function emptyStatus() {
  return {
    identity: { id52: ME, store: "keychain" },
    version: "0.1.0",
    pid: 4711,
    uptime_secs: 60,
    reach: "anywhere",
    relay: "https://euw1-1.relay.example.org/",
    addresses: ["192.168.1.20:41234", "[2001:db8::20]:41234"],
    services: [],
    bridges: [],
    peers: [],
    groups: [],
    requests: [],
    blocked: [],
    engine: { memory_bytes: 38_000_000, open_files: 41, cpu_secs: 2.5, peers_direct: 1, peers_relayed: 1, streams_open: 3, log_lines_lost: 0, spans_lost: 0 },
    operations: { name: "malai", age_secs: 60, children: [] },
  };
}

/** @returns {Status} */
export function fullStatus() {
  const now = Math.floor(Date.now() / 1000);
  return {
    ...emptyStatus(),
    services: [
      service({ name: "shop", invites: true, guests: [guest()], measured: measured(3), traffic: { requests: 1284, streams_open: 3, bytes_in: 240_120, bytes_out: 18_204_551 } }),
      service({ name: "docs", upstream: ["127.0.0.1:8000"], allow: ["alice", "group:team"], kept: true }),
      service({ name: "postgres", protocol: "tcp", upstream: ["127.0.0.1:5432"], allow: ["bob"], kept: true, answers: false }),
      service({ name: "old-demo", upstream: ["127.0.0.1:9000"], kept: true, active: false }),
    ],
    bridges: [
      bridge({ name: "orders", to: "alice/orders", peer: ALICE, service: "orders", local: "127.0.0.1:4001", url: "http://127.0.0.1:4001/", state: "direct", rtt_ms: 12.3, kept: true, measured: measured(0) }),
      bridge({ name: "db", to: "bob/db", peer: BOB, service: "db", protocol: "tcp", local: "127.0.0.1:5433", url: "", state: "relayed", rtt_ms: 81.2 }),
      bridge({ name: "wiki", to: `${GUEST}/wiki`, peer: GUEST, service: "wiki", local: "127.0.0.1:4003", url: "http://127.0.0.1:4003/", state: "connecting" }),
    ],
    peers: [
      peer({ name: "alice", id52: ALICE, state: "direct", rtt_ms: 12.3, last_seen: now, former: [id52("f")], rotated: 1_790_000_000 }),
      peer({ name: "bob", id52: BOB, state: "relayed", rtt_ms: 81.2, last_seen: now }),
      peer({ name: "carol", id52: id52("c"), last_seen: now - 3 * 86_400 }),
      peer({ name: "dave", id52: id52("d") }),
      peer({ id52: GUEST, state: "connecting" }),
    ],
    groups: [
      { name: "team", members: ["alice", "carol"] },
      { name: "everyone-at-work", members: ["group:team", "bob", id52("e")] },
    ],
  };
}

/** Three who ask: one that waits, one never met, a stranger that was sent away. @returns {Status} */
export function askedStatus() {
  const now = Math.floor(Date.now() / 1000);
  return {
    ...fullStatus(),
    requests: [
      request({ peer: ALICE, name: "alice", service: "postgres", known_since: now - 90 * 86_400 }),
      request({ peer: id52("d"), name: "dave" }),
      request({ peer: STRANGER, asked: now - 400, waits_secs: undefined }),
    ],
  };
}

const NO_FAILURES = { client: 0, peer: 0, service: 0, malai: 0 };

/** Five minutes with a pause in them, in which so many failed. @param {number} failed @returns {Measured} */
export function measured(failed) {
  const steps = Array.from({ length: 60 }, (_, step) => step);
  const requests = steps.map((step) => (step > 22 && step < 30 ? 0 : Math.round(9 + 6 * Math.sin(step / 4) + (step % 5))));
  return {
    failures: { ...NO_FAILURES, service: failed },
    latency: { p50_ms: 4.1, p95_ms: 38.2, p99_ms: 120.5 },
    recent: {
      step_secs: 5,
      requests,
      failures: steps.map((step) => (step === 41 ? failed : 0)),
      bytes: requests.map((count, step) => count * 14_000 + (step % 7) * 9000),
      p95_ms: requests.map((count, step) => (count === 0 ? null : 20 + 15 * Math.sin(step / 3) + (step === 41 ? 80 : 0))),
    },
  };
}

/** @param {Partial<ServiceStatus>} it @returns {ServiceStatus} */
export function service(it) {
  const name = it.name ?? "shop";
  return {
    name, protocol: "http", upstream: ["127.0.0.1:3000"], allow: [], active: true, kept: false,
    link: `malai://${ME}/${name}?a=192.168.1.20:41234&r=https://euw1-1.relay.example.org/`,
    answers: true, backends: [], guests: [], invites: false,
    traffic: { requests: 0, streams_open: 0, bytes_in: 0, bytes_out: 0 }, measured: { failures: NO_FAILURES }, ...it,
  };
}

/** @param {Partial<BackendStatus>} it @returns {BackendStatus} */
export function backend(it) {
  return {
    address: "127.0.0.1:3000", up: true, breaker: "closed", requests: 0, connections_in_use: 0, connections_idle: 0,
    waits: 0, retries: 0, retries_denied: 0, ...it,
  };
}

/** @param {Partial<BridgeStatus>} it @returns {BridgeStatus} */
export function bridge(it) {
  return {
    name: "orders", to: "alice/orders", service: "orders", protocol: "http", local: "127.0.0.1:4001", url: "http://127.0.0.1:4001/",
    active: true, kept: false, state: "offline", members: [], waiting: false, traffic: { requests: 0, streams_open: 0, bytes_in: 0, bytes_out: 0 }, measured: { failures: NO_FAILURES }, ...it,
  };
}

/** @param {Partial<PeerStatus>} it @returns {PeerStatus} */
export function peer(it) {
  return { id52: GUEST, state: "offline", blocked: false, former: [], ...it };
}

/** @param {Partial<Guest>} [it] @returns {Guest} */
export function guest(it) {
  return { peer: GUEST, since: 1_700_000_000, once: false, through: "invite", ...it };
}

/** @param {Partial<InviteStatus>} [it] @returns {InviteStatus} */
export function invite(it) {
  return { id: "a1b2c3d4e5f60718", service: "shop", made: 1_700_000_000, once: false, pin: false, open: true, guests: [], ...it };
}

/** @param {Partial<AccessRequest>} [it] @returns {AccessRequest} */
export function request(it) {
  return { peer: STRANGER, service: "shop", asked: Math.floor(Date.now() / 1000), waits_secs: 42, ...it };
}

/** Some of everything, newest last as an engine tells it. @returns {LogEntry[]} */
export function logSample() {
  const at = (/** @type {number} */ minutes) => 1_700_000_000 + 60 * minutes;
  return [
    { at: at(0), what: "invited", service: "shop", note: "a1b2c3d4e5f60718" },
    { at: at(1), what: "joined", peer: GUEST, service: "shop" },
    { at: at(1), what: "used", peer: GUEST, service: "shop" },
    { at: at(5), what: "asked", peer: ALICE, name: "alice", service: "postgres" },
    { at: at(6), what: "admitted", peer: ALICE, name: "alice", service: "postgres", note: "for 1h" },
    { at: at(7), what: "used", peer: ALICE, name: "alice", service: "postgres" },
    { at: at(9), what: "refused", peer: STRANGER, service: "docs" },
    { at: at(10), what: "guessed", peer: STRANGER, service: "docs" },
    { at: at(11), what: "blocked", peer: STRANGER, note: "blocked" },
    { at: at(12), what: "denied", peer: BOB, name: "bob", service: "shop" },
    { at: at(13), what: "revoked", note: "a1b2c3d4e5f60718" },
  ];
}
