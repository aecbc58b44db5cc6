// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { lineOf } from "../../ui/parts/spark.js";
import { fullStatus, measured } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow, until } from "./page.js";

test("a curve has pieces where there are values, and a dash for a single one", () => {
  assert.equal(lineOf([0, 10, null, 5, null]), "M1 22L3 2M7 12h2");
  assert.equal(lineOf([0, 0]), "M1 22L3 22");
  assert.equal(lineOf([]), "");
  assert.equal(lineOf([null]), "");
});

test("home shows curves of what had traffic, with words for each", async () => {
  const screen = await openWindow(new FakeHost(fullStatus()));
  const row = await screen.find("share-shop");
  const labels = [...row.querySelectorAll('[role="img"]')].map((each) => each.getAttribute("aria-label") ?? "");
  assert.equal(labels.length, 3);
  assert.match(labels[0] ?? "", /^Requests of the last 5 minutes: now [\d.]+\/s, at most [\d.]+\/s, 3 failed$/);
  assert.match(labels[1] ?? "", /^Answers of the last 5 minutes: now 95% in \d+ ms, at most 95% in \d+ ms$/);
  assert.match(labels[2] ?? "", /^Bytes of the last 5 minutes: now [\d.]+ kB\/s, at most [\d.]+ kB\/s$/);
  assert.match(row.textContent ?? "", /3 failed/);
  assert.ok(row.querySelector(".spark-failed"), "a failure has a mark in the curve");
  const bridge = await screen.find("bridge-orders");
  assert.doesNotMatch(bridge.textContent ?? "", /failed/);
  assert.equal((await screen.find("share-docs")).querySelector(".sparks"), null, "nothing went through it");
});

test("curves move on with the status alone", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/service/shop");
  const activity = await screen.find("activity");
  const curve = activity.querySelector(".spark-line");
  const before = curve?.getAttribute("d");
  const status = fullStatus();
  const shop = status.services[0];
  if (shop) shop.measured = measured(0);
  shop?.measured.recent?.requests.fill(500);
  host.push(status, host.now + 5000);
  await screen.says("100/s");
  assert.notEqual(curve?.getAttribute("d"), before);
  assert.equal(activity.querySelector(".spark-line"), curve, "it is the same element");
  if (shop) shop.measured = { failures: { client: 0, peer: 0, service: 0, malai: 0 } };
  host.push({ ...status }, host.now + 6000);
  await until(() => (activity.querySelector(".sparks") ? null : true), "the end of the curves");
});

test("connections of a TCP service have no times", async () => {
  const status = fullStatus();
  const db = status.bridges.find((each) => each.name === "db");
  const { recent, failures } = measured(1);
  if (db && recent) db.measured = { failures, recent: { ...recent, p95_ms: recent.p95_ms.map(() => null) } };
  const screen = await openWindow(new FakeHost(status));
  const row = await screen.find("bridge-db");
  const labels = [...row.querySelectorAll('[role="img"]')].map((each) => each.getAttribute("aria-label")?.split(" ")[0]);
  assert.deepEqual(labels, ["Connections", "Bytes"]);
});

test("before a share was there nothing went through it", async () => {
  const status = fullStatus();
  const docs = status.services.find((each) => each.name === "docs");
  const failures = { client: 0, peer: 0, service: 0, malai: 1 };
  if (docs) docs.measured = { failures, recent: { step_secs: 5, requests: [0, 10], failures: [0, 1], bytes: [0, 50], p95_ms: [null, 3] } };
  const screen = await openWindow(new FakeHost(status));
  const row = await screen.find("share-docs");
  const [requests, answers] = [...row.querySelectorAll(".spark-line")].map((each) => each.getAttribute("d") ?? "");
  assert.match(requests ?? "", /^M1 22L3 22.*L117 22L119 2$/);
  assert.equal(answers, "M119 2h2");
  assert.equal(row.querySelector(".spark-failed")?.getAttribute("d"), "M115 24h8l-4-7Z");
  assert.match(row.querySelector('[role="img"]')?.getAttribute("aria-label") ?? "", /^Requests of the last 10 seconds: now 2\.0\/s/);
});
