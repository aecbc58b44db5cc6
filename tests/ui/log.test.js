// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { logWords } from "../../ui/log.js";
import { ALICE, STRANGER, fullStatus, logSample } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow, until } from "./page.js";

test("each line is a sentence", () => {
  assert.deepEqual(logSample().map(logWords), [
    "A link was made to shop (a1b2c3d4e5f60718)",
    "g0k4f7…f50g came in by a link to shop",
    "g0k4f7…f50g used shop",
    "alice asked for postgres",
    "alice was let in to postgres (for 1h)",
    "alice used postgres",
    "s7t1r5…s30g was refused docs",
    "s7t1r5…s30g tried secrets of links to docs",
    "s7t1r5…s30g was blocked",
    "bob was denied shop",
    "A link was taken back (a1b2c3d4e5f60718)",
  ]);
  const newer = /** @type {import("../../ui/generated/api.js").LogEntry} */ (/** @type {unknown} */ ({ at: 0, what: "danced", name: "bob", service: "shop" }));
  assert.equal(logWords(newer), "bob did something with shop");
});

test("the log is reached from the settings, newest first, and read again", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/settings");
  const link = await screen.find("go-log");
  screen.page.location.hash = link.getAttribute("href") ?? "";
  await screen.find("log");
  const lines = () => [...screen.page.document.querySelectorAll('[data-testid="log-entry"]')].map((line) => line.textContent ?? "");
  assert.match(lines()[0] ?? "", /^A link was taken back .*1\d Nov 2023, \d\d:\d\d:\d\d$/);
  assert.equal(lines().length, 11);
  host.log = [...host.log, { at: 1_700_009_000, what: "used", peer: ALICE, name: "alice", service: "docs" }];
  await screen.click("look-again");
  await until(() => /^alice used docs/.test(lines()[0] ?? ""), "it is not read again");
});

test("the log is about one peer or one service when that is chosen", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/log");
  await screen.choose("log-peer", ALICE);
  await until(() => screen.page.document.querySelectorAll('[data-testid="log-entry"]').length === 3, "not only alice's");
  await screen.choose("log-service", "shop");
  await screen.find("no-log");
  assert.deepEqual(host.askedFor("log").at(-1), { request: "log", peer: ALICE, service: "shop" });
});

test("a share and a peer lead to what is about them, known or not", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/service/shop");
  assert.equal((await screen.find("go-log")).getAttribute("href"), "#/log/service/shop");
  screen.page.location.hash = "#/peers";
  assert.equal((await screen.find("go-log", '[data-testid="peer-alice"]')).getAttribute("href"), `#/log/peer/${ALICE}`);
  screen.page.location.hash = `#/log/peer/${STRANGER}`;
  await screen.says("was refused docs");
  assert.deepEqual(host.askedFor("log")[0], { request: "log", peer: STRANGER, service: undefined });
  const chosen = await screen.find("log-peer");
  assert.equal(chosen instanceof HTMLSelectElement && chosen.value, STRANGER);
  await screen.click("back");
  assert.equal(screen.page.location.hash, "#/peers");
});

test("a log that cannot be read says so", async () => {
  const host = new FakeHost(fullStatus());
  host.on("log", () => ({ response: "error", code: "log-unreadable", message: "/home/me/log cannot be read" }));
  const screen = await openWindow(host, "#/log");
  await screen.says("cannot be read");
});
