// @ts-check
/**
 * Puts host, state and views together: what is told or done becomes an action, the new state is
 * drawn once.
 *
 * @import { Action, Host, Route, State, Told, View, Visit } from "./types.js"
 * @import { Response } from "./generated/api.js"
 */

import { HELD_MS, isWaiting } from "./asking.js";
import { patch } from "./dom.js";
import { frame } from "./frame.js";
import { Refused, wordsOf } from "./refused.js";
import { hashOf, routeOf } from "./route.js";
import { QUIET_MS, TICK_MS, first, flows, reduce } from "./state.js";
import { viewOf } from "./views.js";

/** How long the status line keeps what it says. */
const NOTICE_MS = 6000;

export class App {
  /** @param {Host} host @param {Window & typeof globalThis} page */
  constructor(host, page) {
    this.host = host;
    this.page = page;
    this.root = /** @type {Element} */ (page.document.querySelector("[data-app]"));
    /** @type {State} */
    this.state = first(host.kind);
    this.drawing = false;
    /** @type {number | undefined} */
    this.quiet = undefined;
    /** @type {number | undefined} */
    this.silence = undefined;
    /** @type {number | undefined} */
    this.ticking = undefined;
    /** @type {number | undefined} */
    this.settling = undefined;
    /** The last visit whose look-ups have begun; they wait for the engine. */
    this.entered = 0;
  }

  async start() {
    const started = this.host.start((told) => this.told(told));
    this.page.addEventListener("hashchange", () => this.moved());
    this.arrive(routeOf(this.page.location.hash), false);
    try {
      await started;
    } catch (thrown) {
      this.send({ type: "notice", notice: wordsOf(thrown) });
    }
  }

  /** @param {Action} action */
  send(action) {
    const before = this.state;
    this.state = reduce(before, action);
    if (this.state === before) return;
    if (this.state.notices !== before.notices) this.expectSilence();
    if (this.state.asking.held !== before.asking.held) this.expectSettled();
    this.enter();
    this.redraw();
  }

  /** Goes somewhere; the browser's back button leads back. @param {Route} route */
  go(route) {
    const hash = hashOf(route);
    if (hash !== (this.page.location.hash || "#/")) {
      this.page.history.pushState(null, "", hash);
    }
    this.arrive(route, true);
  }

  /** @param {Told} told */
  told(told) {
    if (told.type === "navigate") {
      this.go(told.navigation);
      return;
    }
    const before = this.state.status;
    this.send(told);
    if (told.type !== "status") return;
    const view = viewOf(this.state.route.view);
    if (before) view.changed?.(this.visit(view), before);
    this.expectQuiet();
    this.expectTick();
  }

  /** Rates fall to nothing by themselves when no news comes. */
  expectQuiet() {
    this.page.clearTimeout(this.quiet);
    if (!flows(this.state)) return;
    this.quiet = this.page.setTimeout(() => this.send({ type: "quiet", at: Date.now() }), QUIET_MS);
  }

  /** Time goes on between two statuses. */
  expectTick() {
    this.page.clearTimeout(this.ticking);
    if (!isWaiting(this.state)) return;
    this.ticking = this.page.setTimeout(() => {
      this.send({ type: "tick", at: Date.now() });
      this.expectTick();
    }, TICK_MS);
  }

  expectSettled() {
    this.page.clearTimeout(this.settling);
    if (this.state.asking.held.length === 0) return;
    this.settling = this.page.setTimeout(() => this.send({ type: "asking", patch: { held: [] } }), HELD_MS);
  }

  expectSilence() {
    this.page.clearTimeout(this.silence);
    if (this.state.notice === "") return;
    this.silence = this.page.setTimeout(() => this.send({ type: "notice", notice: "" }), NOTICE_MS);
  }

  /** Begins the look-ups of a visit, once, as soon as there is an engine to ask. */
  enter() {
    if (!this.state.status || this.entered === this.state.visit) return;
    this.entered = this.state.visit;
    const view = viewOf(this.state.route.view);
    view.enter?.(this.visit(view));
  }

  moved() {
    const route = routeOf(this.page.location.hash);
    if (hashOf(route) !== hashOf(this.state.route)) this.arrive(route, true);
  }

  /** @param {Route} route @param {boolean} focus whether the heading takes the focus */
  arrive(route, focus) {
    const view = viewOf(route.view);
    this.send({ type: "route", route, form: view.begin(route, this.state) });
    this.draw();
    this.page.document.title = `${view.title(this.state)} · malai`;
    if (focus) {
      const heading = this.root.querySelector("h1");
      if (heading instanceof HTMLElement) heading.focus();
      this.page.scrollTo?.(0, 0);
    }
  }

  /** @template F @param {View<F>} _view whose visit it is @returns {Visit<F>} */
  visit(_view) {
    const app = this;
    const number = this.state.visit;
    // What goes on after the visit is over still reads its own form.
    let own = this.state.form;
    return {
      host: this.host,
      get state() {
        return app.state;
      },
      get form() {
        if (app.state.visit === number) own = app.state.form;
        return /** @type {F} */ (own);
      },
      set: (patch) => app.send({ type: "form", visit: number, patch: /** @type {object} */ (patch) }),
      ask: async (request, wanted) => {
        const response = await app.host.ask(request);
        if (!answers(response, wanted)) throw refusal(response);
        return response;
      },
      say: (notice) => app.send({ type: "notice", notice }),
      go: (route) => app.go(route),
      copy: (text, notice) => void app.copy(text, notice),
      asking: (patch) => app.send({ type: "asking", patch }),
      current: () => app.state.visit === number,
      later: (millis, what) => app.later(number, millis, what),
    };
  }

  /** Waits for as long as nobody can see the page. @param {number} visit @param {number} millis @param {() => void} what */
  later(visit, millis, what) {
    this.page.setTimeout(() => {
      if (this.state.visit !== visit) return;
      if (this.page.document.hidden) this.later(visit, millis, what);
      else what();
    }, millis);
  }

  /** @param {string} text @param {string} notice */
  async copy(text, notice) {
    try {
      await this.host.copy(text);
      this.send({ type: "notice", notice });
    } catch {
      this.send({ type: "notice", notice: "It could not be copied. Select the text and copy it." });
    }
  }

  redraw() {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => this.draw());
  }

  draw() {
    this.drawing = false;
    const view = viewOf(this.state.route.view);
    patch(this.root, frame(this.visit(view), view));
  }
}

/**
 * @template {Response["response"]} K
 * @param {Response} response @param {K} wanted
 * @returns {response is Extract<Response, { response: K }>}
 */
function answers(response, wanted) {
  return response.response === wanted;
}

/** @param {Response} response */
function refusal(response) {
  if (response.response === "error") return new Refused(response.code, response.message);
  return new Refused("internal", `malai answered with \`${response.response}\`, which was not asked`);
}
