// @ts-check
/**
 * When a share that is only here for now ends by itself.
 *
 * @import { ServiceStatus } from "../generated/api.js"
 * @import { Child, State } from "../types.js"
 */

import { h } from "../dom.js";
import { moment } from "../format.js";
import { problem, select } from "./controls.js";

/** `how` is nothing, a number of seconds, or `at` with a `time` such as `18:00`. @typedef {{ how: string, time: string, problem: string }} Ending */

/** @type {Ending} */
export const NO_END = { how: "", time: "", problem: "" };

const CHOICES = [
  { value: "", label: "When I stop it" },
  { value: "1800", label: "In 30 minutes" },
  { value: "3600", label: "In 1 hour" },
  { value: "7200", label: "In 2 hours" },
  { value: "at", label: "At a time…" },
];

/** Times at which people stop working, and go to bed. */
const EVENINGS = ["18:00", "22:00"];

/** @param {Ending} it @param {(it: Ending) => void} change @returns {Child} */
export function ending(it, change) {
  const choose = (/** @type {string} */ how) => change({ how, time: it.time || evening(new Date()), problem: "" });
  return h("div", { class: "fields", key: "ending" },
    select({ id: "end", label: "It ends", value: it.how, choices: CHOICES, change: choose, testid: "end" }),
    it.how === "at" && h("div", { class: "field", key: "time" },
      h("label", { class: "field-label", for: "end-time" }, "Time"),
      h("input", {
        class: "input", id: "end-time", type: "time", value: it.time, "data-testid": "end-time",
        "aria-invalid": it.problem ? "true" : undefined, "aria-describedby": it.problem ? "end-time-error" : "end-time-hint",
        oninput: (/** @type {Event} */ { target }) => change({ ...it, time: target instanceof HTMLInputElement ? target.value : "", problem: "" }),
      }),
      problem("end-time", it.problem),
      h("p", { class: "hint", id: "end-time-hint", key: "hint" }, "Today, or tomorrow when that has passed.")));
}

/** @param {Ending} it */
export function endingProblem({ how, time }) {
  return how === "at" && !/^([01]\d|2[0-3]):[0-5]\d$/.test(time) ? "Write a time, for example 18:00." : "";
}

/** Seconds from `now`; `undefined` for no end. @param {Ending} it @param {Date} now */
export function secondsOf({ how, time }, now) {
  if (how !== "at") return how === "" ? undefined : Number(how);
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  const end = new Date(now);
  end.setHours(hours, minutes, 0, 0);
  if (end <= now) end.setDate(end.getDate() + 1);
  return Math.ceil((end.getTime() - now.getTime()) / 1000);
}

/** `ends at 18:00`, or nothing. @param {State} state @param {ServiceStatus} service */
export function endWords({ told, now }, { ends_in_secs: left }) {
  if (left === undefined) return "";
  // Seconds are told rounded, and the end itself is at a whole minute as often as not.
  const end = Math.round((told / 1000 + left) / 60) * 60;
  const words = moment(end, now / 1000);
  return words.includes(",") ? `ends on ${words}` : `ends at ${words}`;
}

/** The next of the evening's times. @param {Date} now */
function evening(now) {
  const time = `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`;
  return EVENINGS.find((each) => each > time) ?? "23:59";
}
