// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { ALICE, GUEST, ME, emptyStatus, fullStatus } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow, until } from "./page.js";

const STRANGER = "s".repeat(51) + "g";
/** What was asked, but for who is on the same network, which reaches nobody. @param {FakeHost} host */
const reached = (host) => host.asked.map((each) => each.request).filter((each) => each !== "nearby");
const LINK = `malai://${STRANGER}/shop?a=10.0.0.1:1&k=secret`;

test("home without anything offers the two things to do", async () => {
  const screen = await openWindow(new FakeHost(emptyStatus()));
  await screen.says("Welcome to malai");
  await screen.click("go-connect");
  assert.equal(screen.page.location.hash, "#/connect");
});

test("home shows each share and bridge with its state in words", async () => {
  const screen = await openWindow(new FakeHost(fullStatus()));
  await screen.says("3 shared, 3 bridged");
  assert.match((await screen.find("share-postgres")).textContent ?? "", /upstream down/);
  assert.match((await screen.find("bridge-orders")).textContent ?? "", /direct 12 ms/);
  assert.match((await screen.find("bridge-db")).textContent ?? "", /relayed 81 ms/);
  assert.match((await screen.find("bridge-wiki")).textContent ?? "", /connecting…/);
  assert.match((await screen.find("share-old-demo")).textContent ?? "", /off/);
});

test("numbers change without the page being built anew", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host);
  const flow = await screen.find("flow", '[data-testid="share-shop"]');
  const copy = await screen.find("copy-link", '[data-testid="share-shop"]');
  if (copy instanceof HTMLElement) copy.focus();
  const status = fullStatus();
  const shop = status.services[0];
  if (shop) shop.traffic = { ...shop.traffic, bytes_out: shop.traffic.bytes_out + 5_000_000 };
  host.push(status, host.now + 1000);
  await screen.says("5.0 MB/s");
  assert.equal(await screen.find("flow", '[data-testid="share-shop"]'), flow);
  assert.equal(screen.page.document.activeElement, copy);
});

test("copying the link of an open share copies one with an invite", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host);
  await screen.click("copy-link", '[data-testid="share-shop"]');
  await screen.says("Link to shop copied");
  assert.match(host.copied[0] ?? "", /k=/);
  await screen.click("copy-link", '[data-testid="share-docs"]');
  await screen.says("Link to docs copied");
  assert.doesNotMatch(host.copied[1] ?? "k=", /k=/, "alice needs no invite");
  assert.equal(host.askedFor("invite").length, 1);
});

test("a temporary share stops at once, a kept one asks how", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host);
  await screen.click("stop", '[data-testid="share-shop"]');
  await screen.says("shop stopped");
  await screen.click("stop", '[data-testid="share-docs"]');
  await screen.find("stop-dialog");
  assert.equal(host.askedFor("stop").length, 1, "nothing is stopped before the answer");
  await screen.click("turn-off");
  await screen.says("docs is off");
  assert.deepEqual(host.askedFor("stop")[1], { request: "stop", name: "docs", forget: false });
});

test("a peer that has a new key is said to have one", async () => {
  const screen = await openWindow(new FakeHost(fullStatus()), "#/peers");
  const words = (await screen.find("rotated-alice")).textContent;
  assert.equal(words, "has a new key since 21 Sep 2026");
  assert.ok(!screen.has("rotated-bob"));
});

test("sharing a detected server leads to its link, with an invite", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/share");
  await screen.click("server-5173");
  await screen.submit("port");
  assert.match((await screen.find("link")).textContent ?? "", /k=/);
  assert.deepEqual(host.askedFor("share")[0], {
    request: "share", upstream: ["5173"], name: "admin", protocol: "http", allow: [], description: undefined, keep: false, for_secs: undefined, must_answer: true,
  });
  assert.equal(screen.page.location.hash, "#/service/admin");
  await screen.find("qr");
  assert.equal((await screen.find("check-upstream")).getAttribute("data-outcome"), "good");
  assert.equal((await screen.find("check-relay")).getAttribute("data-outcome"), "off");
});

test("a dead port is refused beside its field, and can be shared all the same", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/share");
  await screen.type("port", "9999");
  await screen.submit("port");
  await screen.says("Nothing answers on 127.0.0.1:9999");
  assert.equal((await screen.find("port")).getAttribute("aria-invalid"), "true");
  await screen.click("share-anyway");
  await until(() => screen.page.location.hash === "#/service/port-9999", "it was not shared");
  assert.equal(host.askedFor("share")[1]?.must_answer, false);
});

test("what cannot be a port never reaches the engine", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/share");
  await screen.type("port", "70000");
  await screen.submit("port");
  await screen.says("from 1 to 65535");
  assert.equal(host.askedFor("share").length, 0);
});

test("everybody is warned about, and means anyone", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/share");
  await screen.type("port", "3000");
  await screen.click("who-everybody");
  await screen.says("without asking you");
  await screen.submit("port");
  await until(() => host.askedFor("share")[0], "it was not shared");
  assert.deepEqual(host.askedFor("share")[0]?.allow, ["anyone"]);
  assert.equal(host.askedFor("invite").length, 0);
});

test("chosen peers are the only ones, and at least one", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/share");
  await screen.type("port", "4000");
  await screen.click("who-chosen");
  await screen.submit("port");
  await screen.says("Choose at least one peer");
  await screen.click("member-alice");
  await screen.click("member-group:team");
  await screen.submit("port");
  await until(() => host.askedFor("share")[0], "it was not shared");
  assert.deepEqual(host.askedFor("share")[0]?.allow, ["alice", "group:team"]);
});

test("a deep link never opens by itself", async () => {
  const host = new FakeHost(emptyStatus(), "desktop");
  const screen = await openWindow(host);
  host.tell({ type: "navigate", navigation: { view: "connect", link: LINK } });
  await screen.says("shop of an unknown peer");
  await screen.says("Open it only if you know who sent it");
  assert.deepEqual(reached(host), ["read"], "looking is all that is done");
  assert.ok(!screen.page.location.href.includes("secret"), "the secret is not in the address");
  await screen.submit("open-link");
  await until(() => host.askedFor("bridge")[0], "it was not opened");
  assert.equal(host.askedFor("bridge")[0]?.to, LINK);
});

test("a deep link without a service asks the peer nothing either", async () => {
  const host = new FakeHost(fullStatus(), "desktop");
  const screen = await openWindow(host);
  host.tell({ type: "navigate", navigation: { view: "connect", link: `malai://${ALICE}` } });
  await screen.says("Services of alice");
  await screen.find("services");
  assert.deepEqual(reached(host), ["read"]);
});

test("a second deep link takes the place of the first", async () => {
  const host = new FakeHost(fullStatus(), "desktop");
  const screen = await openWindow(host);
  host.tell({ type: "navigate", navigation: { view: "connect", link: LINK } });
  await screen.says("shop of an unknown peer");
  host.tell({ type: "navigate", navigation: { view: "connect", link: `malai://${ALICE}/wiki` } });
  await screen.says("wiki of alice");
  assert.ok(!screen.text().includes("unknown peer"));
});

test("a peer's services are listed, one is chosen, its kind is the peer's", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/connect");
  await screen.click("peer-alice");
  await screen.click("service-db");
  await screen.type("local-port", "5555");
  await screen.submit("open-link");
  assert.match((await screen.find("address")).textContent ?? "", /127\.0\.0\.1:5555/);
  assert.deepEqual(host.askedFor("bridge")[0], {
    request: "bridge", to: `${ALICE}/db`, name: undefined, listen: "5555", protocol: "tcp", keep: false,
  });
});

test("who is on this network is offered, live, and asked what they share when chosen", async () => {
  const host = new FakeHost(emptyStatus());
  host.nearby = [{ id52: STRANGER, suggested_name: "sam" }];
  const screen = await openWindow(host, "#/connect");
  await screen.says("On this network");
  host.nearby = [...host.nearby, { id52: GUEST, name: "gus" }];
  await until(() => screen.has("nearby-gus"), "the second does not come", 5000);
  await screen.click("nearby-sam");
  await screen.says("Services of an unknown peer");
  await screen.click("service-orders");
  await screen.submit("open-link");
  await screen.says("Its owner suggests this name");
  assert.equal(/** @type {HTMLInputElement} */ (await screen.find("pet-name")).value, "sam");
  assert.equal(host.askedFor("peer-add").length, 0);
});

test("what peers offer is shown beside them, and what is gone there is gone here", async () => {
  const host = new FakeHost(fullStatus());
  let offered = [{ name: "db", protocol: "tcp" }, { name: "orders", protocol: "http", description: "All orders", up: false }];
  host.on("services", ({ peer }) => (peer === ALICE
    ? { response: "services", peer, services: /** @type {never} */ (offered) }
    : { response: "error", code: "not-permitted", message: "nothing for you" }));
  const screen = await openWindow(host, "#/peers");
  await screen.find("offer-alice-db");
  assert.match((await screen.find("offer-alice-orders")).textContent ?? "", /All orders · web · \(down\)/);
  await screen.says("bob shares nothing with you.");
  host.push({ ...fullStatus(), gateway: "127.0.0.1:4321" });
  await screen.says("http://orders.alice.localhost:4321/");
  offered = offered.slice(1);
  await until(() => !screen.has("offer-alice-db"), "it is still there", 5000);
  await screen.click("connect-service");
  await screen.says("orders of alice");
  assert.ok(host.askedFor("bridge").length === 0);
});

test("a description is given to a share and changed", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/share");
  await screen.type("port", "3000");
  await screen.type("description", "a".repeat(201));
  await screen.submit("port");
  await screen.says("at most 200 characters");
  await screen.type("description", "Our web shop");
  await screen.submit("port");
  await screen.find("link");
  assert.equal(host.askedFor("share")[0]?.description, "Our web shop");
  await screen.type("description", "Closed on Sundays");
  await screen.submit("description");
  await screen.says("is saved");
  assert.deepEqual(host.askedFor("describe").map((each) => each.description), ["Closed on Sundays"]);
});

test("a peer met for the first time gets a name", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/connect");
  await screen.type("link-input", LINK);
  await screen.submit("link-input");
  await screen.find("question");
  await screen.submit("open-link");
  await screen.find("naming");
  await screen.type("pet-name", "Not A Name");
  await screen.submit("pet-name");
  await screen.says("Use small letters");
  await screen.type("pet-name", "sam");
  await screen.submit("pet-name");
  await until(() => !screen.has("naming"), "it still asks");
  assert.deepEqual(host.askedFor("peer-add"), [{ request: "peer-add", name: "sam", id52: STRANGER }]);
});

test("the name that a link suggests is one click away", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/connect");
  await screen.type("link-input", `malai://${STRANGER}/shop?n=sam`);
  await screen.submit("link-input");
  await screen.submit("open-link");
  await screen.says("Its owner suggests this name");
  assert.equal(host.askedFor("peer-add").length, 0, "nobody is called so unasked");
  const field = await screen.find("pet-name");
  assert.equal(/** @type {HTMLInputElement} */ (field).value, "sam");
  await screen.submit("save-pet-name");
  await until(() => !screen.has("naming"), "it still asks");
  assert.deepEqual(host.askedFor("peer-add"), [{ request: "peer-add", name: "sam", id52: STRANGER }]);
});

test("one's own link is not opened", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/connect");
  await screen.type("link-input", `malai://${ME}/shop`);
  await screen.submit("link-input");
  await screen.says("This link is your own");
  assert.equal(screen.has("open-link"), false);
});

test("what is no link is said beside the field", async () => {
  const screen = await openWindow(new FakeHost(emptyStatus()), "#/connect");
  await screen.type("link-input", "nobody");
  await screen.submit("link-input");
  await screen.says("is not a peer");
  assert.equal((await screen.find("link-input")).getAttribute("aria-invalid"), "true");
});

test("who can connect is changed, and chosen peers get no invite", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/service/shop");
  await screen.says("Anyone you give the link to");
  await screen.click("change-access");
  await screen.click("who-chosen");
  await screen.click("member-alice");
  const invites = host.askedFor("invite").length;
  await screen.click("save-access");
  await screen.says("Who can connect to shop is changed");
  assert.deepEqual(host.askedFor("allow")[0]?.allow, [GUEST, "alice"], "the guest stays, being ticked");
  assert.equal(host.askedFor("invite").length, invites);
  assert.doesNotMatch((await screen.find("link")).textContent ?? "k=", /k=/);
});

test("a link is added without taking anything from those who are named", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/service/docs");
  await screen.click("change-access");
  await screen.click("who-link");
  await screen.click("save-access");
  await screen.says("Who can connect to docs is changed");
  assert.equal(host.askedFor("allow").length, 0);
  assert.match((await screen.find("link")).textContent ?? "", /k=/);
  await screen.says("alice, team. Anyone you give the link to, too.");
});

test("requests appear while the share is looked at", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/service/shop");
  host.tell({ type: "event", at: Date.now(), event: { event: "request", service: "shop", peer: ALICE, method: "GET", path: "/cart", status: 200, ms: 3.1 } });
  await screen.says("GET /cart");
  assert.match((await screen.find("requests")).textContent ?? "", /alice.*200.*3 ms/);
});

test("a share that is not there says so", async () => {
  const screen = await openWindow(new FakeHost(emptyStatus()), "#/service/gone");
  await screen.says("Nothing called gone is shared.");
});

test("the heading takes the focus on arrival, and back leads back", async () => {
  const screen = await openWindow(new FakeHost(fullStatus()));
  await screen.click("go-share");
  assert.equal(screen.page.document.activeElement?.textContent, "Share something");
  await screen.click("back");
  assert.equal(screen.page.document.activeElement?.textContent, "3 shared, 3 bridged");
});

test("the tray leads to a share", async () => {
  const host = new FakeHost(fullStatus(), "desktop");
  const screen = await openWindow(host);
  host.tell({ type: "navigate", navigation: { view: "service", name: "docs" } });
  await screen.says("alice, team");
  assert.equal(screen.page.location.hash, "#/service/docs");
});

test("a domain says whom it stands for and how sure that is", async () => {
  const host = new FakeHost(fullStatus());
  for (const [link, words] of /** @type {[string, RegExp][]} */ ([
    ["secure.example/shop", /^secure\.example → \S+, secured by DNSSEC, first time$/],
    ["plain.example/shop", /^plain\.example → \S+, not secured by DNSSEC$/],
    ["remembered.example/shop", /^remembered\.example → \S+, as remembered/],
  ])) {
    const screen = await openWindow(host, "#/connect");
    await screen.type("link-input", link);
    await screen.submit("link-input");
    assert.match((await screen.find("domain")).textContent ?? "", words);
  }
});

test("a service chosen of a domain is opened by the domain", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/connect");
  await screen.type("link-input", "plain.example");
  await screen.submit("link-input");
  await screen.click("service-orders");
  await screen.submit("open-link");
  await until(() => host.askedFor("bridge")[0], "it was not opened");
  assert.equal(host.askedFor("bridge")[0]?.to, "plain.example/orders");
});

test("a domain with another key than before opens nothing", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host, "#/connect");
  await screen.type("link-input", "changed.example/shop");
  await screen.submit("link-input");
  await screen.says("names another key than before");
  assert.equal(host.askedFor("bridge").length, 0);
});

test("the focus goes along when what had it is gone", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/connect");
  const focused = () => screen.page.document.activeElement?.textContent;
  await screen.type("link-input", LINK);
  await screen.submit("link-input");
  await screen.find("question");
  assert.equal(focused(), "shop of an unknown peer");
  await screen.submit("open-link");
  await screen.find("address");
  assert.equal(focused(), "shop is here");
});

test("numbers in the heading leave its buttons alone", async () => {
  const host = new FakeHost(fullStatus());
  const screen = await openWindow(host);
  const button = await screen.find("go-share");
  const status = fullStatus();
  host.push({ ...status, services: status.services.slice(1) });
  await screen.says("2 shared, 3 bridged");
  assert.equal(await screen.find("go-share"), button);
});
