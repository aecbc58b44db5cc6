// @ts-check
/**
 * The one state of the window and how it changes.
 *
 * Pure: time comes with the actions. Whoever shows something reads it from here.
 *
 * @import { Action, Host, Rate, Sample, Seen, State } from "./types.js"
 * @import { Event, Status, Traffic } from "./generated/api.js"
 */

import { NOBODY, askingWith } from "./asking.js";
import { short } from "./format.js";

/** Requests remembered for each service: as many as a person looks through. */
export const SEEN_MAX = 50;

/** Snapshots closer together than this give no rate, since a few bytes would look like a flood. */
const RATE_MIN_MS = 500;

/** Without news for this long, nothing flows: numbers that move are told every second. */
export const QUIET_MS = 2500;

/** How often time is seen to pass while it is shown. */
export const TICK_MS = 1000;

/** @type {Rate} */
const NONE = { in: 0, out: 0 };

/** @param {Host["kind"]} host @returns {State} */
export function first(host) {
  return {
    host,
    connection: "opening",
    desktop: null,
    status: null,
    told: 0,
    now: 0,
    asking: NOBODY,
    samples: {},
    seen: {},
    seenCount: 0,
    route: { view: "home" },
    visit: 0,
    form: {},
    notice: "",
    notices: 0,
  };
}

/** @param {State} state @param {Action} action @returns {State} */
export function reduce(state, action) {
  switch (action.type) {
    case "status":
      return withStatus(state, action.status, action.at);
    case "event":
      return withEvent(state, action.event, action.at);
    case "quiet":
      return { ...state, samples: quieted(state.samples, action.at) };
    case "tick":
      return { ...state, now: action.at };
    case "asking":
      return { ...state, asking: { ...state.asking, ...action.patch } };
    case "desktop":
      return withDesktop(state, action.desktop);
    case "connection":
      return state.connection === action.connection ? state : { ...state, connection: action.connection };
    case "route":
      return { ...state, route: action.route, form: action.form, visit: state.visit + 1, notice: "" };
    case "form":
      if (action.visit !== state.visit) return state;
      return { ...state, form: { .../** @type {object} */ (state.form), ...action.patch } };
    case "notice":
      return said(state, action.notice);
  }
}

/** @param {State} state @param {string} key `service:NAME` or `bridge:NAME` @returns {Rate} */
export function rateOf(state, key) {
  return state.samples[key]?.rate ?? NONE;
}

/** Whether any rate is shown that has to fall to nothing when no news comes. @param {State} state */
export function flows(state) {
  return Object.values(state.samples).some((sample) => sample.rate.in > 0 || sample.rate.out > 0);
}

/** @param {State} state @param {import("./generated/api.js").DesktopState} desktop @returns {State} */
function withDesktop(state, desktop) {
  const running = desktop.engine.engine === "running";
  return { ...state, desktop, status: running ? state.status : null };
}

/** @param {State} state @param {Status} status @param {number} at @returns {State} */
function withStatus(state, status, at) {
  /** @type {Record<string, Sample>} */
  const samples = {};
  for (const service of status.services) {
    const key = `service:${service.name}`;
    samples[key] = sampled(state.samples[key], service.traffic, at);
  }
  for (const bridge of status.bridges) {
    const key = `bridge:${bridge.name}`;
    samples[key] = sampled(state.samples[key], bridge.traffic, at);
  }
  const names = new Set(status.services.map((service) => service.name));
  return {
    ...state,
    connection: "live",
    status,
    told: at,
    now: at,
    asking: askingWith(state.asking, status.requests),
    samples,
    seen: only(state.seen, names),
  };
}

/** @param {Sample | undefined} before @param {Traffic} traffic @param {number} at @returns {Sample} */
function sampled(before, traffic, at) {
  const now = { at, bytesIn: traffic.bytes_in, bytesOut: traffic.bytes_out };
  // Counters that fell belong to another life of the same name.
  if (!before || now.bytesIn < before.bytesIn || now.bytesOut < before.bytesOut) {
    return { ...now, rate: NONE };
  }
  const millis = at - before.at;
  if (millis < RATE_MIN_MS) return before;
  const rate = {
    in: ((now.bytesIn - before.bytesIn) * 1000) / millis,
    out: ((now.bytesOut - before.bytesOut) * 1000) / millis,
  };
  return { ...now, rate };
}

/** @param {Record<string, Sample>} samples @param {number} at */
function quieted(samples, at) {
  return Object.fromEntries(
    Object.entries(samples).map(([key, sample]) => [key, { ...sample, at, rate: NONE }]),
  );
}

/** @template T @param {Record<string, T>} record @param {Set<string>} names @returns {Record<string, T>} */
function only(record, names) {
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.has(name)));
}

/** The same words said twice are two notices. @param {State} state @param {string} notice */
function said(state, notice) {
  return { ...state, notice, notices: state.notices + 1 };
}

/** @param {State} state @param {Event} event @param {number} at @returns {State} */
function withEvent(state, event, at) {
  if (event.event === "status") return withStatus(state, event, at);
  if (event.event === "error") return said(state, event.message);
  if (event.event === "rotated") return said(state, `${event.name ?? short(event.former)} has a new key`);
  if (event.event !== "request") return state;
  if (!isOwn(state.status, event)) return state;
  const { peer, method, path, status, ms } = event;
  /** @type {Seen} */
  const seen = { id: state.seenCount, at, peer, method, path, status, ms };
  const list = [seen, ...(state.seen[event.service] ?? [])].slice(0, SEEN_MAX);
  return { ...state, seenCount: state.seenCount + 1, seen: { ...state.seen, [event.service]: list } };
}

/**
 * Whether a service of ours was asked: what our bridges ask of peers are events, too.
 * @param {Status | null} status
 * @param {{ service: string, peer: string }} event
 */
function isOwn(status, { service, peer }) {
  const shared = status?.services.some((each) => each.name === service);
  const bridged = status?.bridges.some((each) => each.service === service && each.peer === peer);
  return shared && !bridged;
}
