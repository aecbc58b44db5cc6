// @ts-check
/**
 * The window in happy-dom: opened with a host, then used as a person uses it.
 *
 * @import { Host } from "../../ui/types.js"
 */

import { after } from "node:test";

import { Window as HappyWindow } from "happy-dom";

/** How long something may take to show. */
const DEADLINE_MS = 2000;

const NAMES = ["Node", "Element", "HTMLElement", "HTMLDialogElement", "HTMLInputElement", "HTMLSelectElement"];

/** @type {HappyWindow[]} */
const open = [];

// A window's timers would keep the test alive.
after(() => Promise.all(open.map((page) => page.happyDOM.close())));

/** @param {string} [url] @returns {Window & typeof globalThis} */
export function blankPage(url = "http://127.0.0.1/") {
  const page = new HappyWindow({ url, width: 720, height: 560 });
  open.push(page);
  const typed = /** @type {Window & typeof globalThis} */ (/** @type {unknown} */ (page));
  for (const name of NAMES) Reflect.set(globalThis, name, Reflect.get(typed, name));
  typed.document.body.append(Object.assign(typed.document.createElement("div"), { className: "app" }));
  typed.document.querySelector(".app")?.setAttribute("data-app", "");
  return typed;
}

/** @param {Host} host @param {string} [hash] */
export async function openWindow(host, hash = "") {
  const page = blankPage(`http://127.0.0.1/${hash}`);
  const { App } = await import("../../ui/app.js");
  const app = new App(host, page);
  await app.start();
  return new Screen(page, app);
}

class Screen {
  /** @param {Window & typeof globalThis} page @param {import("../../ui/app.js").App} app */
  constructor(page, app) {
    this.page = page;
    this.app = app;
  }

  /** Waits for an element. @param {string} testid @param {string} [within] a selector */
  async find(testid, within = "") {
    const selector = `${within} [data-testid="${testid}"]`.trim();
    return until(() => this.page.document.querySelector(selector), `no ${selector} in:\n${this.text()}`);
  }

  /** @param {string} testid */
  has(testid) {
    return this.page.document.querySelector(`[data-testid="${testid}"]`) !== null;
  }

  /** @param {string} testid @param {string} [within] */
  async click(testid, within) {
    const found = await this.find(testid, within);
    if (found instanceof HTMLElement) found.click();
  }

  /** @param {string} testid @param {string} text */
  async type(testid, text) {
    const found = await this.find(testid);
    if (!(found instanceof HTMLInputElement)) throw new Error(`${testid} cannot be typed in`);
    found.value = text;
    found.dispatchEvent(new this.page.Event("input", { bubbles: true }));
  }

  /** @param {string} testid @param {string} value */
  async choose(testid, value) {
    const found = await this.find(testid);
    if (!(found instanceof HTMLSelectElement)) throw new Error(`${testid} has nothing to choose`);
    found.value = value;
    found.dispatchEvent(new this.page.Event("change", { bubbles: true }));
  }

  /** Sends the form that an element is in, as Enter does. @param {string} testid */
  async submit(testid) {
    const form = (await this.find(testid)).closest("form");
    form?.dispatchEvent(new this.page.Event("submit", { bubbles: true, cancelable: true }));
  }

  text() {
    return (this.page.document.body.textContent ?? "").replace(/\s+/g, " ");
  }

  /** @param {string | RegExp} wanted */
  async says(wanted) {
    const matches = () => (typeof wanted === "string" ? this.text().includes(wanted) : wanted.test(this.text()));
    await until(matches, () => `"${wanted}" is not in:\n${this.text()}`);
  }
}

/** @template T @param {() => T} probe @param {string | (() => string)} otherwise @param {number} [millis] @returns {Promise<NonNullable<T>>} */
export async function until(probe, otherwise, millis = DEADLINE_MS) {
  const deadline = Date.now() + millis;
  for (;;) {
    const found = probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(typeof otherwise === "string" ? otherwise : otherwise());
    await new Promise((resolve) => setImmediate(resolve));
  }
}
