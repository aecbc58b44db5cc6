// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { browserHost } from "../../ui/host/browser.js";
import { desktopHost } from "../../ui/host/desktop.js";
import { emptyStatus } from "./fake/data.js";
import { running } from "./fake/host.js";
import { until } from "./page.js";

/** @import { Told } from "../../ui/types.js" */

/** A page whose server is a function. */
class Tab {
  /** @param {string} hash @param {(path: string, body: unknown) => number} serve the status it answers with */
  constructor(hash, serve) {
    /** @type {{ path: string, body: unknown }[]} */
    this.requests = [];
    /** @type {FakeSource[]} */
    this.sources = [];
    /** @type {(() => void)[]} */
    this.timers = [];
    this.reloads = 0;
    this.location = { hash, reload: () => { this.reloads += 1; } };
    /** @type {(() => void)[]} */
    this.moved = [];
    this.addEventListener = (/** @type {string} */ event, /** @type {() => void} */ heard) => {
      if (event === "hashchange") this.moved.push(heard);
    };
    this.history = { replaceState: (/** @type {unknown} */ _state, /** @type {string} */ _title, /** @type {string} */ url) => { this.location.hash = url; } };
    const { requests, sources } = this;
    this.fetch = async (/** @type {string} */ path, /** @type {{ body?: string }} */ init) => {
      const body = init.body === undefined ? null : JSON.parse(init.body);
      requests.push({ path, body });
      const status = serve(path, body);
      if (status === 0) throw new TypeError("no connection");
      return { status, json: async () => ({ response: "done" }) };
    };
    this.setTimeout = (/** @type {() => void} */ run) => this.timers.push(run);
    this.EventSource = class extends FakeSource {
      /** @param {string} path */
      constructor(path) {
        super(path);
        sources.push(this);
      }
    };
  }

  /** As the window's own. */
  get page() {
    return /** @type {Window & typeof globalThis} */ (/** @type {unknown} */ (this));
  }
}

class FakeSource {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.closed = false;
    /** @type {(message: { data: string }) => void} */
    this.onmessage = () => {};
    this.onerror = () => {};
  }

  close() {
    this.closed = true;
  }
}

test("the token is exchanged once and taken out of the address", async () => {
  const tab = new Tab("#token=s3cret", () => 200);
  await browserHost(tab.page).start(() => {});
  assert.deepEqual(tab.requests, [{ path: "/api/session", body: { token: "s3cret" } }]);
  assert.equal(tab.location.hash, "#/");
  assert.deepEqual(tab.sources.map((source) => source.path), ["/api/events"]);
});

test("a new address pasted over this one begins anew", async () => {
  const tab = new Tab("#/", () => 401);
  await browserHost(tab.page).start(() => {});
  tab.location.hash = "#/peers";
  tab.moved.forEach((heard) => heard());
  assert.equal(tab.reloads, 0);
  tab.location.hash = "#token=s3cret";
  tab.moved.forEach((heard) => heard());
  assert.equal(tab.reloads, 1);
});

test("the token leaves the address even when it is refused", async () => {
  const tab = new Tab("#token=wrong", () => 401);
  await browserHost(tab.page).start(() => {});
  assert.equal(tab.location.hash, "#/");
});

test("without a token the cookie that is there is used", async () => {
  const tab = new Tab("#/peers", () => 200);
  await browserHost(tab.page).start(() => {});
  assert.deepEqual(tab.requests, []);
  assert.equal(tab.location.hash, "#/peers");
});

test("statuses and events are told as they come", async () => {
  const tab = new Tab("", () => 200);
  /** @type {Told[]} */
  const told = [];
  await browserHost(tab.page).start((each) => told.push(each));
  tab.sources[0]?.onmessage({ data: JSON.stringify({ event: "status", ...emptyStatus() }) });
  tab.sources[0]?.onmessage({ data: JSON.stringify({ event: "stopped", service: "shop", reason: "why" }) });
  assert.deepEqual(told.map((each) => each.type), ["status", "event"]);
});

test("a broken stream is opened again, and says whether the session is known", async () => {
  let status = 0;
  const tab = new Tab("", () => status);
  /** @type {Told[]} */
  const told = [];
  await browserHost(tab.page).start((each) => told.push(each));
  const lose = async (/** @type {number} */ answer) => {
    status = answer;
    const timers = tab.timers.length;
    const source = tab.sources.at(-1);
    source?.onerror();
    assert.equal(source?.closed, true);
    await until(() => tab.timers.length > timers, "it does not try again");
    tab.timers.at(-1)?.();
    return told.at(-1);
  };
  assert.deepEqual(await lose(0), { type: "connection", connection: "gone" });
  assert.deepEqual(await lose(401), { type: "connection", connection: "expired" });
  assert.deepEqual(await lose(200), { type: "connection", connection: "gone" });
  assert.equal(tab.sources.length, 4);
});

test("a request without a session or an engine fails in words", async () => {
  let status = 401;
  const host = browserHost(new Tab("", () => status).page);
  await assert.rejects(host.ask({ request: "detect" }), { code: "no-session" });
  status = 0;
  await assert.rejects(host.ask({ request: "detect" }), { code: "not-running" });
});

/** @param {Record<string, unknown>} results */
function tauri(results) {
  /** @type {{ command: string, args: unknown }[]} */
  const invoked = [];
  /** @type {Map<string, (event: { payload: unknown }) => void>} */
  const listeners = new Map();
  return {
    invoked,
    listeners,
    core: {
      invoke: async (/** @type {string} */ command, /** @type {Record<string, unknown> | undefined} */ args) => {
        assert.equal(listeners.size, command === "dispatch" ? listeners.size : 4, "it listens before it looks");
        invoked.push({ command, args });
        const result = results[command];
        if (result instanceof Error) throw { code: "stopping", message: result.message };
        return result;
      },
    },
    event: {
      listen: async (/** @type {string} */ event, /** @type {(event: { payload: unknown }) => void} */ handler) => {
        listeners.set(event, handler);
        return () => {};
      },
    },
  };
}

test("the desktop tells what is known, then what happens", async () => {
  const app = tauri({ desktop_state: running(), status: emptyStatus(), navigation: { view: "connect", link: "malai://x" } });
  /** @type {Told[]} */
  const told = [];
  await desktopHost(app).start((each) => told.push(each));
  assert.deepEqual(told.map((each) => each.type), ["connection", "desktop", "status", "navigate"]);
  app.listeners.get("navigate")?.({ payload: { view: "peers" } });
  app.listeners.get("status")?.({ payload: emptyStatus() });
  assert.deepEqual(told.slice(4).map((each) => each.type), ["navigate", "status"]);
});

test("a desktop whose engine has no status yet is no failure", async () => {
  const app = tauri({ desktop_state: running(), status: new Error("not yet"), navigation: null });
  /** @type {Told[]} */
  const told = [];
  await desktopHost(app).start((each) => told.push(each));
  assert.deepEqual(told.map((each) => each.type), ["connection", "desktop"]);
});

test("commands carry what their names say, and fail with a code", async () => {
  const app = tauri({ dispatch: new Error("the engine is ending") });
  await assert.rejects(desktopHost(app).ask({ request: "detect" }), { code: "stopping", message: "the engine is ending" });
  assert.deepEqual(app.invoked, [{ command: "dispatch", args: { request: { request: "detect" } } }]);
});
