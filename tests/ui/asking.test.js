// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { NOBODY, askingWith, leftOf } from "../../ui/asking.js";
import { first, reduce } from "../../ui/state.js";
import { ALICE, BOB, STRANGER, askedStatus, emptyStatus, fullStatus, request } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow, until } from "./page.js";

const a = request({ peer: ALICE, name: "alice" });
const b = request({});

test("a card that came or moved takes no answer yet, one that stayed does", () => {
  const one = askingWith(NOBODY, [a]);
  assert.deepEqual(one.held, [`${ALICE} shop`]);
  const settled = { ...one, held: [] };
  assert.equal(askingWith(settled, [{ ...a, waits_secs: 1 }]), settled, "time alone moves nothing");
  assert.deepEqual(askingWith(settled, [a, b]).held, [`${STRANGER} shop`]);
  assert.deepEqual(askingWith({ ...askingWith(NOBODY, [a, b]), held: [] }, [b]).held, [`${STRANGER} shop`], "it moved up");
  assert.deepEqual(askingWith({ ...askingWith(NOBODY, [a, b]), held: [] }, [a]).held, []);
  assert.deepEqual(askingWith(one, []).held, []);
});

test("how long somebody waits goes down by itself", () => {
  let state = reduce(first("browser"), { type: "status", status: { ...emptyStatus(), requests: [a] }, at: 10_000 });
  assert.equal(leftOf(state, a), 42);
  state = reduce(state, { type: "tick", at: 40_500 });
  assert.equal(leftOf(state, a), 12);
  state = reduce(state, { type: "tick", at: 99_000 });
  assert.equal(leftOf(state, a), 0);
});

/** @param {import("../../ui/types.js").ViewName} view */
async function asked(view = "home") {
  const host = new FakeHost(askedStatus());
  const screen = await openWindow(host, `#/${view}`);
  /** Presses a button of a card once it takes an answer. @param {string} button @param {string} card */
  const answer = async (button, card) => {
    const within = `[data-testid="${card}"]`;
    const found = await screen.find(button, within);
    await until(() => !(/** @type {HTMLButtonElement} */ (found).disabled), "it takes no answer");
    await screen.click(button, within);
  };
  return { host, screen, answer };
}

test("who asks is said above every view, with what is known about them", async () => {
  const { screen } = await asked("settings");
  const text = async (/** @type {string} */ card) => (await screen.find(card)).textContent ?? "";
  assert.match(await text("ask-alice-postgres"), /^alice wants to open postgresknown since \d+ \w+ \d+ · waits 4\d seconds more/);
  assert.match(await text("ask-dave-shop"), /^dave wants to open shopnever met · waits/);
  assert.match(await text(`ask-${STRANGER}-shop`), /^A stranger s7t1r5…s30g wants to open shopnot one of your peers · was sent away unanswered, asked 6 minutes ago/);
});

test("a press that comes with the card lets nobody in", async () => {
  const { host, screen } = await asked();
  await screen.click("admit-always", '[data-testid="ask-alice-postgres"]');
  assert.equal(host.askedFor("admit").length, 0);
});

test("each answer is what its button says, and the card goes", async () => {
  const { host, screen, answer } = await asked();
  await answer("admit-hour", "ask-alice-postgres");
  await screen.says("alice may use postgres for 1 hour");
  await until(() => !screen.has("ask-alice-postgres"), "the card stays");
  assert.equal(screen.page.document.activeElement?.className, "asking", "the focus stays where the cards are");
  await answer("admit-once", "ask-dave-shop");
  await screen.says("dave may use shop until it disconnects");
  await answer("admit-always", `ask-${STRANGER}-shop`);
  await until(() => !screen.has("asking"), "the list stays");
  assert.deepEqual(host.askedFor("admit").map(({ request: _, ...rest }) => rest), [
    { peer: ALICE, service: "postgres", admission: "for", secs: 3600 },
    { peer: host.status?.peers.find((peer) => peer.name === "dave")?.id52, service: "shop", admission: "once" },
    { peer: STRANGER, service: "shop", admission: "always" },
  ]);
});

test("denying is about the one service, blocking about everything and after a question", async () => {
  const { host, screen, answer } = await asked();
  await answer("deny", "ask-alice-postgres");
  await screen.says("alice is not let in to postgres");
  assert.deepEqual(host.askedFor("deny"), [{ request: "deny", peer: ALICE, service: "postgres" }]);
  await answer("block", `ask-${STRANGER}-shop`);
  await screen.find("block-dialog");
  assert.equal(host.askedFor("block").length, 0, "nothing is done before the answer");
  await screen.click("confirm-block");
  await screen.says("is blocked");
  assert.deepEqual(host.askedFor("block"), [{ request: "block", peer: STRANGER, blocked: true }]);
  assert.ok(screen.has("ask-dave-shop"));
});

test("an answer that is refused is said, and the card stays", async () => {
  const { host, screen, answer } = await asked();
  host.on("admit", () => ({ response: "error", code: "busy", message: "`shop` has as many guests as it can have" }));
  await answer("admit-once", "ask-dave-shop");
  await screen.says("has as many guests as it can have");
  assert.ok(screen.has("ask-dave-shop"));
});

test("a peer is blocked under Peers, and let go there", async () => {
  const host = new FakeHost(askedStatus());
  const screen = await openWindow(host, "#/peers");
  await screen.click("block", '[data-testid="peer-bob"]');
  await screen.says("Block bob?");
  await screen.click("confirm-block");
  await screen.says("bob is blocked");
  assert.match((await screen.find("peer-bob")).textContent ?? "", /blocked/);
  await screen.click("unblock", '[data-testid="peer-bob"]');
  await screen.says("bob is no longer blocked");
  await screen.find("block", '[data-testid="peer-bob"]');
  assert.deepEqual(host.askedFor("block").map((each) => [each.peer, each.blocked]), [[BOB, true], [BOB, false]]);
});

test("a stranger that was blocked can be let go, a group says where it is written", async () => {
  const host = new FakeHost({ ...fullStatus(), blocked: ["alice", STRANGER, "group:team"] });
  const screen = await openWindow(host, "#/peers");
  await screen.find("blocked-group:team");
  assert.equal(screen.has("blocked-alice"), false, "it is in the list already");
  await screen.click("unblock", `[data-testid="blocked-${STRANGER}"]`);
  await screen.says("is no longer blocked");
  await until(() => !screen.has(`blocked-${STRANGER}`), "it is still listed");
});
