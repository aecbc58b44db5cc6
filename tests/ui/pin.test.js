// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { pinProblem, withPin } from "../../ui/pin.js";
import { STRANGER, emptyStatus } from "./fake/data.js";
import { FakeHost } from "./fake/host.js";
import { openWindow, until } from "./page.js";

const LINK = `malai://${STRANGER}/shop?a=10.0.0.1:1&k=~s3cret_-`;

test("a PIN goes in front of the mark, and the rest of the link stays as it is", () => {
  for (const [link, wanted] of /** @type {const} */ ([
    [LINK, LINK.replace("k=~", "k=123456~")],
    ["malai://x/shop?k=%7Es3cret", "malai://x/shop?k=123456~s3cret"],
    ["malai://x/shop?k=%7es3cret&a=%5B::1%5D:2&r=https://r.example.org/?x=1#f", "malai://x/shop?k=123456~s3cret&a=%5B::1%5D:2&r=https://r.example.org/?x=1#f"],
    ["malai://x/shop?%6B=~s3cret", "malai://x/shop?k=123456~s3cret"],
    ["malai://x/shop?k=~a%26k%3D~b", "malai://x/shop?k=123456~a%26k%3D~b"],
    ["malai://x/shop?kk=~s&k=s3cret", "malai://x/shop?kk=~s&k=s3cret"],
    ["malai://x/shop?k=~%", "malai://x/shop?k=123456~%25"],
    ["malai://x/shop", "malai://x/shop"],
    ["x/shop#k=~s3cret", "x/shop#k=~s3cret"],
  ])) assert.equal(withPin(link, "123456"), wanted);
  assert.equal(withPin(LINK, " 123-45 6"), LINK.replace("k=~", "k=123456~"));
});

test("a PIN has six digits, however they are written down", () => {
  for (const good of ["123456", "123 456", " 123-456 "]) assert.equal(pinProblem(good), "", good);
  for (const bad of ["", "12345", "1234567", "12345a", "१२३४५६"]) assert.notEqual(pinProblem(bad), "", bad);
});

test("a link that wants a PIN opens with the right one only", async () => {
  const host = new FakeHost(emptyStatus());
  const screen = await openWindow(host, "#/connect");
  await screen.type("link-input", LINK);
  await screen.submit("link-input");
  await screen.says("with its PIN it gives you access");
  await screen.submit("open-link");
  await screen.says("The PIN has 6 digits");
  assert.equal(host.askedFor("services").length, 0);
  await screen.type("pin-input", "111111");
  await screen.submit("open-link");
  await screen.says("The link does not open with this PIN");
  assert.equal(host.askedFor("bridge").length, 0, "a bridge would try the wrong one again and again");
  await screen.type("pin-input", "271 828");
  await screen.submit("open-link");
  await until(() => host.askedFor("bridge")[0], "it was not opened");
  assert.equal(host.askedFor("bridge")[0]?.to, LINK.replace("k=~", "k=271828~"));
  await screen.find("address");
});

test("a peer that is away is bridged to all the same", async () => {
  const host = new FakeHost(emptyStatus());
  host.on("services", () => ({ response: "error", code: "peer-unreachable", message: "the peer does not answer" }));
  const screen = await openWindow(host, "#/connect");
  await screen.type("link-input", LINK);
  await screen.submit("link-input");
  await screen.type("pin-input", "271828");
  await screen.submit("open-link");
  await until(() => host.askedFor("bridge")[0], "it was not opened");
});
