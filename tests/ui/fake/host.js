// @ts-check
/**
 * A host without an engine behind it: it keeps a status, answers as an engine would, and remembers
 * what was asked of it.
 *
 * @import { Host, Told } from "../../../ui/types.js"
 * @import { DesktopState, InviteStatus, LogEntry, NearbyPeer, OpenTarget, Request, Response, Settings, Status } from "../../../ui/generated/api.js"
 */

import { invite, logSample } from "./data.js";
import { answerTo } from "./engine.js";

export class FakeHost {
  /** @param {Status | null} status @param {Host["kind"]} [kind] */
  constructor(status, kind = "browser") {
    this.kind = kind;
    this.status = status;
    /** @type {InviteStatus[]} */
    this.invites = inviteSamples(status);
    /** @type {LogEntry[]} */
    this.log = logSample();
    /** @type {Request[]} */
    this.asked = [];
    /** @type {string[]} */
    this.copied = [];
    /** @type {OpenTarget[]} */
    this.opened = [];
    /** @type {DesktopState | null} */
    this.desktop = kind === "desktop" ? running() : null;
    this.keyFileChosen = false;
    /** Who is on the same network. @type {NearbyPeer[]} */
    this.nearby = [];
    /** What was set. @type {Partial<Settings>} */
    this.settings = {};
    /** Answers in place of the usual ones. @type {Map<Request["request"], (request: never) => Response | Promise<Response>>} */
    this.answers = new Map();
    /** @type {(told: Told) => void} */
    this.tell = () => {};
    this.now = 0;
  }

  /** @param {(told: Told) => void} tell */
  async start(tell) {
    this.tell = tell;
    if (this.desktop) tell({ type: "desktop", desktop: this.desktop });
    if (this.status) this.push(this.status);
  }

  /** Tells a new status. @param {Status} status @param {number} [at] */
  push(status, at) {
    this.status = status;
    this.now = at ?? Date.now();
    this.tell({ type: "status", status, at: this.now });
  }

  /** @param {Partial<DesktopState>} patch */
  pushDesktop(patch) {
    this.desktop = { ...(this.desktop ?? running()), ...patch };
    this.tell({ type: "desktop", desktop: this.desktop });
  }

  /** Gives another answer. @template {Request["request"]} K @param {K} request @param {(request: Extract<Request, { request: K }>) => Response | Promise<Response>} answer */
  on(request, answer) {
    this.answers.set(request, /** @type {(request: never) => Response} */ (answer));
  }

  /** @param {Request} request @returns {Promise<Response>} */
  async ask(request) {
    this.asked.push(structuredClone(request));
    const other = this.answers.get(request.request);
    if (other) return other(/** @type {never} */ (request));
    return answerTo(this, request);
  }

  /** What was asked of one kind. @template {Request["request"]} K @param {K} kind @returns {Extract<Request, { request: K }>[]} */
  askedFor(kind) {
    return /** @type {Extract<Request, { request: K }>[]} */ (this.asked.filter((each) => each.request === kind));
  }

  /** @param {string} text */
  async copy(text) {
    this.copied.push(text);
  }

  /** @param {OpenTarget} target */
  async open(target) {
    this.opened.push(target);
  }

  /** @param {DesktopState["settings"]} settings */
  async setDesktop(settings) {
    this.pushDesktop({ settings });
  }

  async useKeyFile() {
    this.keyFileChosen = true;
  }
}

/** @returns {DesktopState} */
export function running() {
  return {
    engine: { engine: "running", attached: false },
    settings: { start_at_login: false, notifications: true },
    version: "0.1.0",
    tray: true,
  };
}

/** A link for each share that has one. @param {Status | null} status @returns {InviteStatus[]} */
function inviteSamples(status) {
  const shares = status?.services.filter((each) => each.invites) ?? [];
  return shares.map((each, index) => invite({
    id: `a${String(index).padStart(15, "0")}`, service: each.name,
    guests: each.guests.filter((guest) => guest.through === "invite").map((guest) => guest.peer),
  }));
}
