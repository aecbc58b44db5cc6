// @ts-check
/**
 * Names, roles and structure of every view by axe. What needs a layout, such as contrast, is looked at
 * in a real browser by the end-to-end tests.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { askedStatus, emptyStatus, fullStatus } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow } from "./page.js";

/** @import { AxeResults } from "axe-core" */

/** Rules about the page around the view, or about colours that are not computed here. */
const OFF = ["color-contrast", "document-title", "html-has-lang", "region"];

/** @param {Window & typeof globalThis} page @returns {Promise<AxeResults>} */
async function look(page) {
  Reflect.set(globalThis, "window", page);
  Reflect.set(globalThis, "document", page.document);
  const { default: axe } = await import("axe-core");
  return axe.run(page.document.body, { rules: Object.fromEntries(OFF.map((rule) => [rule, { enabled: false }])) });
}

/** The last is what is pressed first, where anything is. @type {[string, string, import("../../ui/generated/api.js").Status, string?][]} */
const SCREENS = [
  ["home", "", fullStatus()],
  ["home while some ask", "", askedStatus()],
  ["home without anything", "", emptyStatus()],
  ["share", "#/share", fullStatus()],
  ["a share", "#/service/shop", fullStatus()],
  ["a share while a link is made", "#/service/shop", fullStatus(), "new-invite"],
  ["a share while a guest is shut out", "#/service/shop", fullStatus(), "shut-out"],
  ["a share while its end is changed", "#/service/shop", fullStatus(), "change-end"],
  ["peers while one is blocked", "#/peers", fullStatus(), "block"],
  ["connect", "#/connect", fullStatus()],
  ["peers", "#/peers", fullStatus()],
  ["the log", "#/log", fullStatus()],
  ["settings", "#/settings", fullStatus()],
  ["connection", "#/connection", fullStatus()],
  ["connection while a peer is checked", "#/connection", fullStatus(), "check-peer"],
];

for (const [name, hash, status, pressed] of SCREENS) {
  test(`${name} has no accessibility violations`, async () => {
    const screen = await openWindow(new FakeHost(status, "desktop"), hash);
    await screen.find("nav-home");
    if (pressed !== undefined) await screen.click(pressed);
    const { violations, passes } = await look(screen.page);
    assert.ok(passes.length > 5, "it looked at nothing");
    assert.deepEqual(violations.map((each) => [each.id, each.nodes.map((node) => node.html)]), []);
  });
}
