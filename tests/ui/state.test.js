// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { SEEN_MAX, first, flows, rateOf, reduce } from "../../ui/state.js";
import { GUEST, bridge, emptyStatus, fullStatus, service } from "./fake/data.js";

/** @param {number} bytesIn @param {number} bytesOut */
const flowing = (bytesIn, bytesOut) => ({
  ...emptyStatus(),
  services: [service({ traffic: { requests: 1, streams_open: 1, bytes_in: bytesIn, bytes_out: bytesOut } })],
});

test("a rate is what two snapshots differ by, each second", () => {
  let state = reduce(first("browser"), { type: "status", status: flowing(1000, 0), at: 10_000 });
  assert.deepEqual(rateOf(state, "service:shop"), { in: 0, out: 0 });
  state = reduce(state, { type: "status", status: flowing(3000, 8000), at: 12_000 });
  assert.deepEqual(rateOf(state, "service:shop"), { in: 1000, out: 4000 });
});

test("snapshots close together give no rate of their own", () => {
  let state = reduce(first("browser"), { type: "status", status: flowing(0, 0), at: 0 });
  state = reduce(state, { type: "status", status: flowing(1000, 0), at: 1000 });
  state = reduce(state, { type: "status", status: flowing(1500, 0), at: 1010 });
  assert.equal(rateOf(state, "service:shop").in, 1000);
  state = reduce(state, { type: "status", status: flowing(2000, 0), at: 2000 });
  assert.equal(rateOf(state, "service:shop").in, 1000, "nothing was lost or counted twice");
});

test("counters that begin anew give no negative rate", () => {
  let state = reduce(first("browser"), { type: "status", status: flowing(5000, 0), at: 0 });
  state = reduce(state, { type: "status", status: flowing(10, 0), at: 1000 });
  assert.deepEqual(rateOf(state, "service:shop"), { in: 0, out: 0 });
});

test("a rate falls to nothing when no news comes", () => {
  let state = reduce(first("browser"), { type: "status", status: flowing(0, 0), at: 0 });
  state = reduce(state, { type: "status", status: flowing(1000, 0), at: 1000 });
  assert.equal(flows(state), true);
  state = reduce(state, { type: "quiet", at: 4000 });
  assert.equal(flows(state), false);
});

test("what has ended has no rate any more", () => {
  let state = reduce(first("browser"), { type: "status", status: flowing(0, 0), at: 0 });
  state = reduce(state, { type: "status", status: emptyStatus(), at: 1000 });
  assert.deepEqual(state.samples, {});
});

test("a status makes the connection live again", () => {
  const gone = reduce(first("browser"), { type: "connection", connection: "gone" });
  assert.equal(reduce(gone, { type: "status", status: emptyStatus(), at: 0 }).connection, "live");
});

/** @param {string} name @param {number} ms */
const asked = (name, ms, peer = GUEST) => /** @type {const} */ ({
  type: "event", at: 1, event: { event: "request", service: name, peer, method: "GET", path: "/", status: 200, ms },
});

test("requests to our services are listed, newest first, and not without end", () => {
  let state = reduce(first("browser"), { type: "status", status: fullStatus(), at: 0 });
  for (let ms = 0; ms < SEEN_MAX + 10; ms += 1) state = reduce(state, asked("shop", ms));
  const seen = state.seen["shop"] ?? [];
  assert.equal(seen.length, SEEN_MAX);
  assert.equal(seen[0]?.ms, SEEN_MAX + 9);
  assert.equal(new Set(seen.map((each) => each.id)).size, SEEN_MAX);
});

test("requests that our bridges make are not listed as ours", () => {
  const status = { ...emptyStatus(), services: [service({})], bridges: [bridge({ service: "shop", peer: GUEST })] };
  const state = reduce(first("browser"), { type: "status", status, at: 0 });
  assert.deepEqual(reduce(state, asked("shop", 1)).seen, {});
  assert.deepEqual(reduce(state, asked("orders", 1)).seen, {});
});

test("a late answer does not touch the form of another visit", () => {
  let state = reduce(first("browser"), { type: "route", route: { view: "share" }, form: { name: "a" } });
  const visit = state.visit;
  state = reduce(state, { type: "route", route: { view: "share" }, form: { name: "b" } });
  assert.deepEqual(reduce(state, { type: "form", visit, patch: { name: "late" } }).form, { name: "b" });
  assert.deepEqual(reduce(state, { type: "form", visit: visit + 1, patch: { name: "c" } }).form, { name: "c" });
});

test("an engine that stops takes its status along", () => {
  let state = reduce(first("desktop"), { type: "status", status: fullStatus(), at: 0 });
  const settings = { start_at_login: false, notifications: true };
  state = reduce(state, { type: "desktop", desktop: { engine: { engine: "stopping" }, settings, version: "0", tray: true } });
  assert.equal(state.status, null);
});

test("the same words said twice are two notices", () => {
  const once = reduce(first("browser"), { type: "notice", notice: "Link copied" });
  const twice = reduce(once, { type: "notice", notice: "Link copied" });
  assert.notEqual(once.notices, twice.notices);
});
