// @ts-check
/** Begins the window with a fake host; only ever loaded by `serve.js`. */

import { App } from "../../../ui/app.js";
import { askedStatus, emptyStatus, fullStatus } from "./data.js";
import { FakeHost } from "./host.js";

const asked = new URLSearchParams(location.search);
const data = asked.get("data") ?? "full";
const kind = asked.get("host") === "desktop" ? "desktop" : "browser";
const statuses = { empty: emptyStatus, full: fullStatus, asked: askedStatus };
const status = statuses[/** @type {keyof typeof statuses} */ (data)];
const host = new FakeHost(status ? status() : null, kind);
const app = new App(host, window);
await app.start();

if (data === "expired" || data === "gone") host.tell({ type: "connection", connection: data });
if (data === "starting") host.pushDesktop({ engine: { engine: "starting" } });
if (data === "asks") host.pushDesktop({ engine: { engine: "asks-for-key-file", path: "/home/me/.local/share/malai/identity.key" } });
if (data === "failed") host.pushDesktop({ engine: { engine: "failed", code: "config-invalid", message: "malai.toml is not valid: line 12: `upstrem` is not a key; did you mean `upstream`?" } });
const link = asked.get("link");
if (link !== null) host.tell({ type: "navigate", navigation: { view: "connect", link } });
if ((data === "full" || data === "asked") && !asked.has("still")) setInterval(flow, 1000);

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
