// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { emptyStatus, fullStatus } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow, until } from "./page.js";

test("exporting the key warns first and names a whole path", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/settings");
  await screen.click("export");
  await screen.says("Whoever has this file is you");
  await screen.type("key-path", "malai.key");
  await screen.click("confirm-export");
  await screen.says("Write the whole path");
  assert.equal(host.askedFor("export-identity").length, 0);
  await screen.type("key-path", "/home/me/malai.key");
  await screen.click("confirm-export");
  await screen.says("The key is exported");
  assert.deepEqual(host.askedFor("export-identity"), [{ request: "export-identity", path: "/home/me/malai.key" }]);
});

test("a backup needs a passphrase that is long enough, twice", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/settings");
  await screen.click("backup");
  await screen.says("Without the passphrase nobody can open it");
  await screen.type("key-path", "/home/me/malai.age");
  assert.equal((await screen.find("passphrase")).getAttribute("type"), "password");
  await screen.type("passphrase", "1234567");
  await screen.click("confirm-backup");
  await screen.says("at least 8 characters");
  await screen.type("passphrase", "correct horse");
  await screen.type("again", "correct house");
  await screen.click("confirm-backup");
  await screen.says("The two passphrases differ");
  assert.equal(host.askedFor("export-identity").length, 0);
  await screen.type("again", "correct horse");
  await screen.click("confirm-backup");
  await screen.says("The key is backed up");
  assert.deepEqual(host.askedFor("export-identity"), [
    { request: "export-identity", path: "/home/me/malai.age", passphrase: "correct horse" },
  ]);
  await screen.click("backup");
  const field = /** @type {HTMLInputElement} */ (await screen.find("passphrase"));
  assert.equal(field.value, "", "it is forgotten");
});

test("a backup is restored by its passphrase, asked for beside its field", async () => {
  const host = new FakeHost(emptyStatus());
  host.on("import-identity", (/** @type {{ passphrase?: string }} */ { passphrase }) => (passphrase === "correct horse"
    ? { response: "done" }
    : { response: "error", code: "passphrase-needed", message: "it is encrypted; give its passphrase" }));
  const screen = await openWindow(host, "#/settings");
  await screen.click("import");
  await screen.type("key-path", "/home/me/malai.age");
  await screen.click("sure");
  await screen.click("confirm-import");
  await screen.says("It is encrypted");
  await screen.type("passphrase", "correct horse");
  await screen.click("confirm-import");
  await screen.says("The key is imported");
});

test("importing a key needs a second yes", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/settings");
  await screen.click("import");
  await screen.type("key-path", "/home/me/malai.key");
  await screen.click("confirm-import");
  await screen.says("Tick the box");
  assert.equal(host.askedFor("import-identity").length, 0);
  await screen.click("sure");
  await screen.click("confirm-import");
  await screen.says("The key is imported");
  assert.equal(host.askedFor("import-identity").length, 1);
});

test("a new key is made after a second yes", async () => {
  const host = new FakeHost(emptyStatus());
  host.on("rotate", () => ({ response: "rotated", former: "old", id52: "new" }));
  const screen = await openWindow(host, "#/settings");
  await screen.click("rotate");
  await screen.click("confirm-rotate");
  await screen.says("Tick the box");
  assert.equal(host.askedFor("rotate").length, 0);
  await screen.click("sure");
  await screen.click("confirm-rotate");
  await screen.says("There is a new key");
  assert.deepEqual(host.askedFor("rotate"), [{ request: "rotate", forget_old: false }]);
});

test("a refusal stays in the dialog, beside the field", async () => {
  const host = new FakeHost(emptyStatus());
  host.on("export-identity", () => ({ response: "error", code: "argument-invalid", message: "there is a file already" }));
  const screen = await openWindow(host, "#/settings");
  await screen.click("export");
  await screen.type("key-path", "/home/me/malai.key");
  await screen.click("confirm-export");
  await screen.says("There is a file already");
  assert.ok(screen.has("export-dialog"));
});

test("an own relay is checked, saved, and said to need a restart", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/settings");
  await screen.click("relay-own");
  await screen.click("save-network");
  await screen.says("A relay is a web address");
  await screen.type("relay-url", "https://relay.example.org https://other.example.org");
  host.on("settings", () => ({
    response: "settings", home: "/h", config: "", logs: "/h/logs", restart_needed: true,
    network: { relay: { kind: "own", urls: ["https://relay.example.org"] }, lookup: ["dns", "mdns"], visible: false },
  }));
  await screen.click("save-network");
  await screen.find("restart-needed");
  assert.deepEqual(host.askedFor("set-network"), [{
    request: "set-network", relay: { kind: "own", urls: ["https://relay.example.org", "https://other.example.org"] }, lookup: ["dns", "mdns"],
    visible: false,
  }]);
  assert.equal(screen.has("save-network"), false);
});

test("only the desktop has desktop settings and opens files", async () => {
  const browser = await openWindow(new FakeHost(emptyStatus()), "#/settings");
  await browser.find("path-config");
  assert.equal(browser.has("desktop-settings"), false);
  assert.equal(browser.has("open-config"), false);

  const host = new FakeHost(emptyStatus(), "desktop");
  const desktop = await openWindow(host, "#/settings");
  await desktop.click("start-at-login");
  await until(() => host.desktop?.settings.start_at_login, "it was not set");
  assert.equal(host.desktop?.settings.notifications, true, "the other one is as it was");
  await desktop.click("open-logs");
  assert.deepEqual(host.opened, [{ open: "logs" }]);
});

test("a peer is added, named in a group, and forgotten after a question", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/peers");
  await screen.type("peer-id52", "too short");
  await screen.type("peer-name", "alice");
  await screen.submit("peer-name");
  await screen.says("An id52 has 52 characters");
  const id52 = `${"a".repeat(51)}g`;
  await screen.type("peer-id52", id52);
  await screen.submit("peer-name");
  await screen.find("peer-alice");
  assert.deepEqual(host.askedFor("peer-add"), [{ request: "peer-add", name: "alice", id52 }]);

  await screen.click("new-group");
  await screen.type("group-name", "team");
  await screen.click("member-alice");
  await screen.submit("group-name");
  await screen.find("group-team");
  assert.deepEqual(host.askedFor("group-put"), [{ request: "group-put", name: "team", members: ["alice"] }]);

  await screen.click("forget");
  await screen.says("The name is used in team");
  assert.equal(host.askedFor("peer-remove").length, 0);
  await screen.click("confirm-forget");
  await screen.says("alice is forgotten");
});

test("a group's name is not taken twice", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/peers");
  await screen.click("new-group");
  await screen.type("group-name", "team");
  await screen.submit("group-name");
  await screen.says("There is a group with this name already");
  assert.equal(host.askedFor("group-put").length, 0);
});

test("the connection is checked share by share", async () => {
  const host = new FakeHost(fullStatus());
  host.on("check", ({ service }) => (service === "docs"
    ? { response: "error", code: "busy", message: "too much is asked at once" }
    : { response: "checked", checks: [{ what: "lan", outcome: "bad", message: "a firewall may be in the way" }] }));
  const screen = await openWindow(host, "#/connection");
  await screen.says("Peers can reach you from anywhere");
  await screen.says("A firewall may be in the way");
  assert.match((await screen.find("checks-docs")).textContent ?? "", /Too much is asked at once/);
  assert.equal(screen.has("checks-old-demo"), false, "what is off is not checked");
});

test("each state of the engine is said plainly", async () => {
  const host = new FakeHost(null, "desktop");
  const screen = await openWindow(host);
  host.pushDesktop({ engine: { engine: "starting" } });
  await screen.says("Starting…");
  host.pushDesktop({ engine: { engine: "asks-for-key-file", path: "/home/me/malai/identity.key" } });
  await screen.says("/home/me/malai/identity.key");
  await screen.click("use-key-file");
  assert.equal(host.keyFileChosen, true);
  host.pushDesktop({ engine: { engine: "failed", code: "config-invalid", message: "line 3: `x` is not a key" } });
  await screen.says("malai could not start");
  assert.equal(screen.page.document.querySelector("main code")?.textContent, "x");
  host.pushDesktop({ engine: { engine: "running", attached: false } });
  host.push(emptyStatus());
  await screen.says("Welcome to malai");
});

test("what a view looks up waits for the engine", async () => {
  const host = new FakeHost(null, "desktop");
  const screen = await openWindow(host, "#/share");
  assert.deepEqual(host.asked, []);
  host.push(emptyStatus());
  await screen.find("server-5173");
});

test("a lost session and a lost engine say what to do", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/share");
  await screen.type("port", "4000");
  host.tell({ type: "connection", connection: "gone" });
  await screen.says("malai serve --ui");
  host.tell({ type: "connection", connection: "expired" });
  await screen.says("Open a new address");
  host.push(fullStatus());
  const port = await screen.find("port");
  assert.equal(port instanceof HTMLInputElement && port.value, "4000", "what was typed is still there");
});

test("a name to be called by is checked, saved and taken back", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/settings");
  await screen.type("my-name", "Not A Name");
  await screen.submit("my-name");
  await screen.says("Use small letters");
  assert.equal(host.askedFor("set-name").length, 0);
  await screen.type("my-name", "sam");
  await screen.submit("my-name");
  await screen.says("Your links suggest the name sam");
  await screen.type("my-name", "");
  await screen.submit("my-name");
  await screen.says("Your links suggest no name");
  assert.deepEqual(host.askedFor("set-name").map((each) => each.name), ["sam", undefined]);
});

test("addresses with names are turned on and off at once", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/settings");
  await screen.click("gateway");
  await screen.says("http://shop.alice.localhost:4321/");
  await screen.click("gateway");
  await screen.says("Addresses with names are off");
  assert.deepEqual(host.askedFor("set-gateway"), [
    { request: "set-gateway", listen: "127.0.0.1:0", keep: true }, { request: "set-gateway", listen: undefined, keep: true },
  ]);
});

test("being seen on this network is switched without a restart", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/settings");
  await screen.click("visible");
  await screen.click("save-network");
  await until(() => !screen.has("save-network"), "it is not saved");
  assert.equal(host.askedFor("set-network")[0]?.visible, true);
  assert.equal(screen.has("restart-needed"), false);
});
