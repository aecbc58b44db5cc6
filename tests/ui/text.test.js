// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, bytes, many, millis, rate, short, span } from "../../ui/format.js";
import * as input from "../../ui/input.js";
import { outline } from "../../ui/parts/qr.js";
import { hashOf, routeOf } from "../../ui/route.js";
import { bridgeState, peerState, places, serviceState, whoOf } from "../../ui/words.js";
import { ALICE, backend, bridge, guest, peer, service } from "./fake/data.js";

test("bytes and rates", () => {
  assert.deepEqual([0, 999, 1000, 9949, 9951, 999_499, 999_500, 18_204_551, 3e15].map(bytes),
    ["0 B", "999 B", "1.0 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "18 MB", "3000 TB"]);
  assert.equal(rate(1234.5), "1.2 kB/s");
});

test("times", () => {
  assert.deepEqual([0.04, 0.4, 12.3, 999.4, 1300].map(millis), ["0.0 ms", "0.4 ms", "12 ms", "999 ms", "1.3 s"]);
  assert.deepEqual([-5, 1, 59, 60, 7199, 7200, 86_400, 200_000].map(span),
    ["0 seconds", "1 second", "59 seconds", "1 minute", "1 hour", "2 hours", "1 day", "2 days"]);
  assert.equal(ago(1000, 1030), "just now");
  assert.equal(ago(1000, 1000 + 3 * 86_400), "3 days ago");
  assert.equal(ago(2000, 1000), "just now", "a clock that was set back");
  assert.equal(many(1, "peer"), "1 peer");
  assert.equal(short(ALICE), "a1b7m4…m40g");
});

test("what can be shared", () => {
  for (const good of ["3000", " 80 ", "65535", "localhost:3000", "10.0.0.2:80", "http://localhost:3000/", "unix:/run/x.sock", "h2c://localhost:1"]) {
    assert.equal(input.upstreamProblem(good), "", good);
  }
  for (const bad of ["", "0", "65536", "abc", "localhost:", "localhost:99999", "-1", "3000 3001", "ftp://x", "1e3"]) {
    assert.notEqual(input.upstreamProblem(bad), "", bad);
  }
});

test("names, keys, paths, relays and links", () => {
  for (const good of ["shop", "a", "3d", "my-shop", "a".repeat(63)]) assert.equal(input.nameProblem(good), "", good);
  for (const bad of ["", "-a", "Shop", "a b", "ä", "localhost", "anyone", "a".repeat(64)]) assert.notEqual(input.nameProblem(bad), "", bad);
  assert.notEqual(input.petNameProblem("a".repeat(52)), "", "it could be a key");
  assert.equal(input.id52Problem(ALICE), "");
  for (const bad of ["", ALICE.slice(1), `${ALICE.slice(0, 51)}1`, ALICE.toUpperCase(), "w".repeat(52)]) assert.notEqual(input.id52Problem(bad), "", bad);
  for (const good of ["/home/me/k", "C:\\k", "d:/k"]) assert.equal(input.pathProblem(good), "", good);
  for (const bad of ["", "k", "~/k", "./k"]) assert.notEqual(input.pathProblem(bad), "", bad);
  assert.equal(input.relayProblem("https://relay.example.org"), "");
  for (const bad of ["", "relay.example.org", "https://", "wss://x"]) assert.notEqual(input.relayProblem(bad), "", bad);
  for (const good of [`malai://${ALICE}/shop`, ALICE, "alice/shop", "alice"]) assert.equal(input.linkProblem(good), "", good);
  for (const bad of ["", "  ", "two words", "https://example.org"]) assert.notEqual(input.linkProblem(bad), "", bad);
  assert.equal(input.optionalPortProblem(""), "");
  assert.notEqual(input.optionalPortProblem("70000"), "");
});

test("states are words, never a colour alone", () => {
  assert.equal(bridgeState(bridge({ state: "direct", rtt_ms: 12.3 })).words, "direct 12 ms");
  assert.equal(bridgeState(bridge({ state: "relayed" })).words, "relayed");
  assert.equal(bridgeState(bridge({ state: "connecting" })).words, "connecting…");
  assert.equal(bridgeState(bridge({ traffic: { requests: 0, streams_open: 1, bytes_in: 0, bytes_out: 0 } })).words, "retrying");
  assert.equal(bridgeState(bridge({})).words, "not connected");
  const member = (/** @type {"in-use" | "ready" | "out"} */ state) => ({ to: "alice/shop", state, breaker: /** @type {const} */ ("closed"), path: /** @type {const} */ ("direct"), rtt_ms: 12.3 });
  assert.equal(bridgeState(bridge({ members: [member("in-use"), member("ready")] })).words, "direct 12 ms");
  assert.equal(bridgeState(bridge({ members: [member("out"), member("in-use")] })).words, "direct 12 ms, 1 of 2 out");
  assert.equal(bridgeState(bridge({ members: [member("out"), member("out")] })).words, "no peer answers");
  assert.equal(bridgeState(bridge({ waiting: true, state: "direct", rtt_ms: 12.3 })).words, "waiting for approval");
  assert.equal(peerState(peer({ state: "direct", blocked: true })).words, "blocked");
  assert.equal(bridgeState(bridge({ error: "in use" })).words, "cannot listen");
  assert.equal(bridgeState(bridge({ active: false })).words, "off");
  assert.equal(serviceState(service({ answers: false })).words, "upstream down");
  assert.equal(serviceState(service({ answers: undefined })).words, "ready");
  assert.equal(serviceState(service({ active: false, answers: false })).words, "off");
  const [up, down] = [backend({}), backend({ address: "10.0.0.2:80", up: false })];
  assert.equal(serviceState(service({ backends: [up] })).words, "ready");
  assert.equal(serviceState(service({ backends: [up, down] })).words, "1 of 2 backends down");
  assert.match(serviceState(service({ backends: [down] })).more ?? "", /10\.0\.0\.2:80/);
  assert.match(serviceState(service({ backends: [{ ...down, breaker: "open" }] })).more ?? "", /left alone/);
  assert.match(serviceState(service({ backends: [{ ...down, breaker: "half-open" }] })).more ?? "", /the next request/);
  assert.equal(places(["127.0.0.1:3000", "10.0.0.2:80"]), "localhost:3000, 10.0.0.2:80");
});

test("who may use a service", () => {
  assert.equal(whoOf(service({})), "nobody");
  assert.equal(whoOf(service({ invites: true })), "link");
  assert.equal(whoOf(service({ guests: [guest()] })), "link");
  assert.equal(whoOf(service({ allow: ["alice"] })), "chosen");
  assert.equal(whoOf(service({ allow: ["anyone", "alice"], invites: true })), "everybody");
});

test("every view has an address, and every address a view", () => {
  for (const hash of ["#/", "#/share", "#/connect", "#/peers", "#/settings", "#/connection", "#/service/shop", "#/log", "#/log/service/shop", "#/log/peer/alice"]) {
    assert.equal(hashOf(routeOf(hash)), hash);
  }
  for (const odd of ["", "#", "#/nowhere", "#/service", "#/service/%", "#token=x", "#/constructor"]) assert.equal(routeOf(odd).view, "home", odd);
  for (const odd of ["#/log/", "#/log/shop", "#/log/peer", "#/log/peer/%"]) assert.deepEqual(routeOf(odd), { view: "log" }, odd);
});

test("a link that was handed over is never in the address", () => {
  assert.equal(hashOf({ view: "connect", link: "malai://x/y?k=secret" }), "#/connect");
});

test("a QR code is drawn module by module, inside a quiet zone", () => {
  assert.equal(outline({ width: 2, modules: "1101" }), "M4 4h2v1h-2zM5 5h1v1h-1z");
});
