// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { ALICE, GUEST, STRANGER, fullStatus, guest, invite } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow, until } from "./page.js";

const ID = "a1b2c3d4e5f60718";
const OTHER = "0f1e2d3c4b5a6978";

/** A share with these guests and links, looked at. @param {{ guests?: import("../../ui/generated/api.js").Guest[], invites?: import("../../ui/generated/api.js").InviteStatus[] }} door */
async function shop({ guests = [], invites = [] }) {
  const status = fullStatus();
  status.services = status.services.map((each) => (each.name === "shop" ? { ...each, guests, invites: invites.some((it) => it.open) } : each));
  const host = new FakeHost(status);
  host.invites = invites;
  return { host, screen: await openWindow(host, "#/service/shop") };
}

test("each guest is shown with what let it in and until when", async () => {
  const soon = Math.floor(Date.now() / 1000) + 3 * 86_400;
  const { screen } = await shop({ guests: [
    guest(),
    guest({ peer: ALICE, through: "owner", until: soon }),
    guest({ peer: STRANGER, through: "owner", once: true }),
  ] });
  await screen.find("guest");
  assert.match(screen.text(), /came with a link 1\d Nov 2023/);
  assert.match(screen.text(), /alicea1b7m4…m40g · let in by you 1\d Nov 2023 · until \d+ \w+ \d+, \d\d:\d\d/);
  assert.match(screen.text(), /let in by you 1\d Nov 2023 · until it disconnects/);
});

test("a guest is shut out after a question, with the link that would let it back in", async () => {
  const { host, screen } = await shop({ guests: [guest(), guest({ peer: STRANGER })], invites: [invite({ id: ID, guests: [GUEST, STRANGER] })] });
  await screen.find("invites");
  await screen.click("shut-out");
  await screen.find("shut-out-dialog");
  await screen.says("1 other guest came with it and cannot connect any more either");
  assert.equal(host.askedFor("deny").length, 0);
  await screen.click("confirm-shut-out");
  await screen.says("is shut out");
  assert.deepEqual(host.askedFor("deny"), [{ request: "deny", peer: GUEST, service: "shop" }]);
  assert.deepEqual(host.askedFor("revoke"), [{ request: "revoke", invite: ID }]);
});

test("the link stays when that is wanted, and is none where one was used up", async () => {
  const { host, screen } = await shop({
    guests: [guest(), guest({ peer: STRANGER })],
    invites: [invite({ id: ID, guests: [GUEST] }), invite({ id: OTHER, once: true, open: false, guests: [STRANGER] })],
  });
  await screen.find("invites");
  await screen.click("shut-out");
  await screen.click("revoke-too");
  await screen.says("they can come back with it");
  await screen.click("confirm-shut-out");
  await until(() => host.askedFor("deny").length === 1, "nothing was asked");
  await screen.click("shut-out");
  await screen.find("shut-out-dialog");
  assert.equal(screen.has("revoke-too"), false);
  await screen.click("confirm-shut-out");
  await until(() => host.askedFor("deny").length === 2, "nothing was asked");
  assert.equal(host.askedFor("revoke").length, 0);
});

test("whoever is let in by name stays, and that is said", async () => {
  const { host, screen } = await shop({ guests: [guest()] });
  host.on("deny", () => ({ response: "access", peer: GUEST, services: ["shop"], still_allowed: ["shop"] }));
  await screen.click("shut-out");
  await screen.click("confirm-shut-out");
  await screen.says("is named in who can connect");
});

test("links say whom they let in, and are revoked; after a question when somebody came with one", async () => {
  const { host, screen } = await shop({ guests: [guest()], invites: [
    invite({ id: ID, guests: [GUEST] }), invite({ id: OTHER, once: true, pin: true, until: 1_700_000_000 }),
  ] });
  assert.match((await screen.find(`invite-${ID}`)).textContent ?? "", /^For everybody who has it a1b2c3made .* · no end · used by g0k4f7…f50g/);
  assert.match((await screen.find(`invite-${OTHER}`)).textContent ?? "", /^For the first who opens it, with a PIN 0f1e2dmade .* · until .* · used by nobody yet/);
  await screen.click("revoke", `[data-testid="invite-${OTHER}"]`);
  await screen.says("The link is revoked");
  await until(() => !screen.has(`invite-${OTHER}`), "it is still listed");
  await screen.click("revoke", `[data-testid="invite-${ID}"]`);
  await screen.says("1 guest came with it and cannot connect any more");
  await screen.click("confirm-revoke");
  await until(() => !screen.has("guest"), "the guest is still listed");
  assert.deepEqual(host.askedFor("revoke").map((each) => each.invite), [OTHER, ID]);
});

test("a revoked link is not given away any more, and a new one is made when asked for", async () => {
  const { host, screen } = await shop({ invites: [invite({ id: ID })] });
  assert.match((await screen.find("link")).textContent ?? "", /k=/);
  await screen.click("revoke", `[data-testid="invite-${ID}"]`);
  await screen.says("The link to give away is revoked");
  assert.equal(screen.has("link"), false);
  assert.equal(host.askedFor("invite").length, 1, "none is made by itself");
  await screen.click("make-link");
  assert.match((await screen.find("link")).textContent ?? "", /k=/);
});

test("a link for one makes no link for everybody when the plain one is copied", async () => {
  const { host, screen } = await shop({ invites: [invite({ id: ID, once: true })] });
  assert.doesNotMatch((await screen.find("link")).textContent ?? "k=", /k=/);
  await screen.says("anybody else has to be let in by you");
  assert.equal(host.askedFor("invite").length, 0);
});

test("another link is made with terms, and shown once with its PIN", async () => {
  const { host, screen } = await shop({ invites: [invite({ id: ID })] });
  await screen.find("invites");
  await screen.click("new-invite");
  await screen.choose("invite-for", "86400");
  await screen.click("invite-pin");
  await screen.submit("make-invite");
  await screen.find("made-invite");
  assert.deepEqual(host.askedFor("invite").at(-1), { request: "invite", service: "shop", once: true, for_secs: 86_400, pin: true });
  assert.match((await screen.find("invite-link")).textContent ?? "", /k=~/);
  assert.equal((await screen.find("pin")).textContent, "271828");
  await screen.find("qr", '[data-testid="made-invite"]');
  await screen.says("For the first who opens it, with a PIN");
  await screen.click("invite-done");
  await until(() => !screen.has("made-invite"), "it is still shown");
  assert.equal(screen.page.document.activeElement?.textContent, "Make another link…");
});

test("a link that cannot be made says so beside its terms", async () => {
  const { host, screen } = await shop({});
  await screen.click("new-invite");
  host.on("invite", () => ({ response: "error", code: "busy", message: "`shop` has 64 links that nobody has used yet" }));
  await screen.click("invite-everybody");
  await screen.submit("make-invite");
  await screen.says("has 64 links that nobody has used yet");
  assert.deepEqual(host.askedFor("invite").at(-1), { request: "invite", service: "shop", once: false, for_secs: undefined, pin: false });
  await screen.click("cancel-invite");
  assert.equal(screen.page.document.activeElement?.textContent, "Make a link with an end or a PIN…");
});

test("links are looked at again when somebody has come", async () => {
  const { host, screen } = await shop({ invites: [invite({ id: ID })] });
  await screen.says("used by nobody yet");
  host.invites = [invite({ id: ID, guests: [GUEST] })];
  const { status } = host;
  assert.ok(status);
  host.push({ ...status, services: status.services.map((each) => (each.name === "shop" ? { ...each, guests: [guest()] } : each)) });
  await screen.says("used by g0k4f7…f50g");
});

test("guests for a time do not stay when who can connect is changed", async () => {
  const { host, screen } = await shop({ guests: [guest(), guest({ peer: STRANGER, once: true })], invites: [invite({ id: ID })] });
  await screen.click("change-access");
  await screen.click("who-chosen");
  await screen.click("save-access");
  await until(() => host.askedFor("allow")[0], "nothing was asked");
  assert.deepEqual(host.askedFor("allow")[0]?.allow, [GUEST]);
});
