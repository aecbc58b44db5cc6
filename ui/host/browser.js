// @ts-check
/**
 * A browser tab and the web server of `malai serve --ui`.
 *
 * The address carries a token once; it is exchanged for a cookie that scripts cannot read, and taken
 * out of the address before anything else happens. Events come as one stream; when it breaks, it is
 * opened again, for as long as the page is there.
 *
 * @import { Connection, Host, Told } from "../types.js"
 * @import { Event, Request, Response as Answer } from "../generated/api.js"
 */

import { Refused } from "../refused.js";

/** Waits between attempts: quick at first, since an engine starts within a second. */
const RETRY_MS = [500, 1000, 2000, 5000];

/** What the server answers to whom it does not know. */
const NO_SESSION = 401;

/** @param {Window & typeof globalThis} page @returns {Host} */
export function browserHost(page) {
  const desktopOnly = async () => {
    throw new Refused("not-here", "this works only in the desktop application");
  };
  return {
    kind: "browser",
    start: async (tell) => {
      // A new address pasted over this one differs after the `#` alone, which loads nothing.
      page.addEventListener("hashchange", () => {
        if (tokenOf(page) !== undefined) page.location.reload();
      });
      await exchange(page);
      new Feed(page, tell).open();
    },
    ask: (request) => ask(page, request),
    copy: (text) => page.navigator.clipboard.writeText(text),
    open: desktopOnly,
    setDesktop: desktopOnly,
    useKeyFile: desktopOnly,
  };
}

/** @param {Window & typeof globalThis} page */
function tokenOf(page) {
  return /^#token=([^&]+)/.exec(page.location.hash)?.[1];
}

/** @param {Window & typeof globalThis} page */
async function exchange(page) {
  const token = tokenOf(page);
  if (!token) return;
  page.history.replaceState(null, "", "#/");
  try {
    await post(page, "/api/session", { token: decodeURIComponent(token) });
  } catch {
    // Whether it worked is seen when the feed opens: a token counts once, a cookie may be there.
  }
}

/** @param {Window & typeof globalThis} page @param {Request} request @returns {Promise<Answer>} */
async function ask(page, request) {
  let response;
  try {
    response = await post(page, "/api/dispatch", request);
  } catch {
    throw new Refused("not-running", "malai does not answer; is it still running?");
  }
  if (response.status === NO_SESSION) {
    throw new Refused("no-session", "this page is not signed in any more; open a new address");
  }
  try {
    return await response.json();
  } catch {
    throw new Refused("internal", `malai answered with status ${response.status} and no words`);
  }
}

/** @param {Window & typeof globalThis} page @param {string} path @param {unknown} body */
function post(page, path, body) {
  return page.fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });
}

/** The stream of events, opened again whenever it ends. */
class Feed {
  /** @param {Window & typeof globalThis} page @param {(told: Told) => void} tell */
  constructor(page, tell) {
    this.page = page;
    this.tell = tell;
    this.failures = 0;
  }

  open() {
    const source = new this.page.EventSource("/api/events");
    source.onmessage = (message) => {
      this.failures = 0;
      this.heard(JSON.parse(message.data));
    };
    source.onerror = () => {
      // Its own retrying says neither why it failed nor that it goes on.
      source.close();
      void this.lost();
    };
  }

  /** @param {Event} event */
  heard(event) {
    const at = Date.now();
    if (event.event === "status") this.tell({ type: "status", status: event, at });
    else this.tell({ type: "event", event, at });
  }

  async lost() {
    this.tell({ type: "connection", connection: await this.reason() });
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    this.page.setTimeout(() => this.open(), wait);
  }

  /** @returns {Promise<Connection>} */
  async reason() {
    try {
      const response = await this.page.fetch("/api/session", { credentials: "same-origin" });
      return response.status === NO_SESSION ? "expired" : "gone";
    } catch {
      return "gone";
    }
  }
}
