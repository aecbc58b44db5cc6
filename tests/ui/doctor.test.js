// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { emptyStatus, fullStatus } from "./fake/data.js";
import { diagnosisOf } from "./fake/doctor.js";
import { FakeHost } from "./fake/host.js";
import { openWindow } from "./page.js";

/** @import { Response } from "../../ui/generated/api.js" */

test("checking begins by itself, says that it goes on, and then what was found", async () => {
  const host = new FakeHost(fullStatus());
  /** @type {((response: Response) => void)[]} */
  const waiting = [];
  host.on("doctor", () => new Promise((resolve) => waiting.push(resolve)));
  const screen = await openWindow(host, "#/connection");
  await screen.says("Looking at this machine and its network…");
  const busy = await screen.find("check");
  assert.equal(busy.getAttribute("aria-disabled"), "true", "it is not begun twice");
  await screen.click("check");
  assert.equal(waiting.length, 1);
  assert.equal(screen.has("copy-report"), false);
  waiting[0]?.(diagnosisOf(fullStatus(), undefined));
  await screen.says("1 problem and 1 warning found.");
  assert.equal((await screen.find("check")).getAttribute("aria-disabled"), null);
});

test("the worst comes first, in words and with what to do", async () => {
  const screen = await openWindow(new FakeHost(fullStatus()), "#/connection");
  const list = await screen.find("findings");
  const verdicts = [...list.querySelectorAll("li")].map((row) => row.getAttribute("data-verdict"));
  assert.deepEqual(verdicts.slice(0, 3), ["problem", "warning", "ok"]);
  const first = list.querySelector("li")?.textContent ?? "";
  assert.match(first, /^Problem: Service postgres/);
  assert.match(first, /Start what is shared/);
  assert.match(list.textContent ?? "", /Relay relay\.example\.org: fine/, "not by a sign alone");
  await screen.says("In order (6)");
  await screen.says("Not looked at (1)");
});

test("the report is copied as the engine has made it", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/connection");
  await screen.click("copy-report");
  await screen.says("Report copied");
  assert.deepEqual(host.copied, ["malai 0.1.0 on linux x86_64\n"]);
});

test("the way to a peer is checked from both ends", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/connection");
  await screen.find("findings");
  await screen.choose("doctor-peer", "alice");
  await screen.click("check-peer");
  const there = await screen.find("peer-findings");
  assert.match(there.textContent ?? "", /through the relay only/);
  const asked = host.askedFor("doctor").map((each) => each.peer);
  assert.deepEqual(asked, [undefined, "alice"]);
});

test("who knows nobody, and a check that cannot be made, are told so", async () => {
  const host = new FakeHost(emptyStatus());
  host.on("doctor", () => ({ response: "error", code: "busy", message: "too much is asked at once" }));
  const screen = await openWindow(host, "#/connection");
  await screen.says("You know no peers yet");
  await screen.says("Too much is asked at once");
  assert.equal(screen.has("copy-report"), false);
});
