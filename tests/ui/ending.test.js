// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_END, endWords, endingProblem, secondsOf } from "../../ui/parts/ending.js";
import { first } from "../../ui/state.js";
import { emptyStatus, fullStatus, service } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow, until } from "./page.js";

/** @param {string} time */
const at = (time) => ({ how: "at", time, problem: "" });

test("an end is so many seconds away, or at a time of today or tomorrow", () => {
  const now = new Date(2026, 10, 28, 17, 30);
  assert.equal(secondsOf(NO_END, now), undefined);
  assert.equal(secondsOf({ ...NO_END, how: "7200" }, now), 7200);
  assert.equal(secondsOf(at("18:00"), now), 1800);
  assert.equal(secondsOf(at("17:30"), now), 86_400);
  assert.equal(secondsOf(at("09:00"), now), 15.5 * 3600);
  for (const bad of ["", "24:00", "1800", "18:60"]) assert.notEqual(endingProblem(at(bad)), "", bad);
  assert.equal(endingProblem(at("18:00")), "");
  assert.equal(endingProblem(NO_END), "");
});

test("an end is said as a time", () => {
  const now = new Date(2026, 10, 28, 17, 30).getTime();
  const state = { ...first("browser"), told: now, now: now + 5000 };
  assert.equal(endWords(state, service({})), "");
  assert.equal(endWords(state, service({ ends_in_secs: 1800 })), "ends at 18:00");
  assert.equal(endWords(state, service({ ends_in_secs: 1799 })), "ends at 18:00", "seconds are told rounded");
  assert.equal(endWords(state, service({ ends_in_secs: 86_400 })), "ends on 29 Nov 2026, 17:30");
});

test("a share is made with an end, but not one that is kept", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/share");
  await screen.type("port", "3000");
  await screen.choose("end", "3600");
  await screen.click("who-everybody");
  await screen.submit("port");
  await screen.find("end-words");
  assert.equal(host.askedFor("share")[0]?.for_secs, 3600);
  await screen.click("back");
  assert.match((await screen.find("share-shop")).textContent ?? "", /everybody · ends /);
  await screen.click("go-share");
  await screen.type("port", "4000");
  await screen.choose("end", "at");
  await screen.type("end-time", "");
  await screen.submit("port");
  await screen.says("Write a time");
  assert.equal(host.askedFor("share").length, 1);
  await screen.click("keep");
  await until(() => !screen.has("end"), "what is kept has no end");
  await screen.submit("port");
  await until(() => host.askedFor("share")[1], "it was not shared");
  assert.equal(host.askedFor("share")[1]?.for_secs, undefined);
});

test("when a share ends is changed in place", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/service/shop");
  await screen.says("When you stop it, or malai quits.");
  await screen.click("change-end");
  await screen.choose("end", "1800");
  await screen.submit("save-end");
  await until(() => /^It ends (at|on) /.test(screen.page.document.querySelector('[data-testid="end-words"]')?.textContent ?? ""), "no end");
  assert.deepEqual(host.askedFor("end-in"), [{ request: "end-in", service: "shop", secs: 1800 }]);
  await screen.click("change-end");
  await screen.submit("save-end");
  await screen.says("When you stop it, or malai quits.");
  assert.equal(host.askedFor("end-in")[1]?.secs, undefined);
  host.on("end-in", () => ({ response: "error", code: "argument-invalid", message: "`shop` is kept in malai.toml" }));
  await screen.click("change-end");
  await screen.submit("save-end");
  await screen.says("is kept in malai.toml");
});

test("what is kept has no end to change", async () => {
  const screen = await openWindow(new FakeHost(fullStatus()), "#/service/docs");
  await screen.find("who-words");
  assert.equal(screen.has("change-end"), false);
});
