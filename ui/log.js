// @ts-check
/**
 * Lines of the record in words, as `malai log` says them.
 *
 * @import { LogEntry, LogKind } from "./generated/api.js"
 */

import { capital, short } from "./format.js";

/** @type {Record<LogKind, string>} */
const WORDS = {
  used: "used",
  refused: "was refused",
  asked: "asked for",
  joined: "came in by a link to",
  admitted: "was let in to",
  denied: "was denied",
  blocked: "was",
  invited: "a link was made to",
  revoked: "a link was taken back to",
  guessed: "tried secrets of links to",
};

/** @param {LogEntry} entry */
export function logWords({ what, peer, name, service, note }) {
  const who = name ?? (peer === undefined ? "" : short(peer));
  // A newer engine may have more to say than this page knows.
  const did = WORDS[what] ?? "did something with";
  const about = service === undefined ? did.replace(/ (to|with)$/, "") : `${did} ${service}`;
  const more = note === undefined ? "" : what === "blocked" ? note : `(${note})`;
  const words = [who, about, more].filter((part) => part !== "").join(" ");
  return who === "" ? capital(words) : words;
}
