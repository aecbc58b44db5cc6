// @ts-check
/** Begins the window with a fake host; only ever loaded by `serve.js`. */

import { App } from "../../../ui/app.js";
import { ALICE, BOB, GUEST, STRANGER, askedStatus, emptyStatus, fullStatus, guest, invite } from "./data.js";
import { FakeHost } from "./host.js";

const asked = new URLSearchParams(location.search);
const data = asked.get("data") ?? "full";
const kind = asked.get("host") === "desktop" ? "desktop" : "browser";
const statuses = { empty: emptyStatus, full: fullStatus, asked: askedStatus };
const status = statuses[/** @type {keyof typeof statuses} */ (data)];
const host = new FakeHost(status ? status() : null, kind);
if (data === "asked") vary(host);
const app = new App(host, window);
await app.start();

if (data === "expired" || data === "gone") host.tell({ type: "connection", connection: data });
if (data === "starting") host.pushDesktop({ engine: { engine: "starting" } });
if (data === "asks") host.pushDesktop({ engine: { engine: "asks-for-key-file", path: "/home/me/.local/share/malai/identity.key" } });
if (data === "failed") host.pushDesktop({ engine: { engine: "failed", code: "config-invalid", message: "malai.toml is not valid: line 12: `upstrem` is not a key; did you mean `upstream`?" } });
const link = asked.get("link");
if (link !== null) host.tell({ type: "navigate", navigation: { view: "connect", link } });
if ((data === "full" || data === "asked") && !asked.has("still")) setInterval(flow, 1000);

/** Guests and links of all kinds. @param {FakeHost} host */
function vary(host) {
  const now = Math.floor(Date.now() / 1000);
  const guests = [
    guest({ since: now - 86_400 }),
    guest({ peer: ALICE, through: "owner", since: now - 600, until: now + 3000 }),
    guest({ peer: BOB, through: "owner", since: now - 60, once: true }),
  ];
  host.status = host.status && {
    ...host.status,
    blocked: ["carol", STRANGER, "group:team"],
    peers: host.status.peers.map((each) => ({ ...each, blocked: each.name === "carol" })),
    bridges: host.status.bridges.map((each) => ({ ...each, waiting: each.name === "db" })),
    services: host.status.services.map((each) => (each.name === "shop" ? { ...each, guests, ends_in_secs: 5400 } : each)),
  };
  host.invites = [
    invite({ id: "a1b2c3d4e5f60718", made: now - 90_000, guests: [GUEST] }),
    invite({ id: "0f1e2d3c4b5a6978", made: now - 4000, once: true, pin: true, until: now + 86_400 }),
    invite({ id: "77aa88bb99cc00dd", made: now - 9000, once: true, open: false, guests: [STRANGER] }),
  ];
}

/** Some traffic, as an engine tells it. */
function flow() {
  const { status } = host;
  if (!status) return;
  const more = () => Math.floor(Math.random() * 60_000);
  /** @template {{ name: string, active: boolean, traffic: { bytes_in: number, bytes_out: number } }} T @param {T} each @returns {T} */
  const moved = (each) => (each.active && ["shop", "orders"].includes(each.name)
    ? { ...each, traffic: { ...each.traffic, bytes_in: each.traffic.bytes_in + more(), bytes_out: each.traffic.bytes_out + 10 * more() } }
    : each);
  host.push({ ...status, services: status.services.map(moved), bridges: status.bridges.map(moved) });
  host.tell({ type: "event", at: Date.now(), event: { event: "request", service: "shop", peer: status.peers[0]?.id52 ?? "", method: "GET", path: "/products/new", status: Math.random() > 0.9 ? 502 : 200, ms: 30 * Math.random() } });
}
