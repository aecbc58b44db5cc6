// @ts-check
/**
 * What was found to work and not to work, the worst first.
 *
 * @import { Examined, Finding, Verdict } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { capital, many, millis } from "../format.js";
import { more } from "./controls.js";
import { icon } from "./icon.js";
import { prose } from "./prose.js";

/** @type {Record<Examined, string>} */
const LABELS = {
  "version": "Version",
  "config": "Configuration",
  "identity": "Secret key",
  "home": "Permissions",
  "disk": "Disk",
  "limits": "Limits of this machine",
  "dns": "DNS",
  "lookup": "Published address",
  "udp": "UDP and NAT",
  "relay": "Relay",
  "clock": "Clock",
  "ports": "Ports",
  "upstream": "Service",
  "path": "Path",
  "seen": "Seen from there",
  "peer-clock": "Both clocks",
  "speed": "Speed",
  "offers": "Offers",
  "peer-checks": "Its own checks",
};

/** @type {Record<Verdict, { rank: number, sign: string, word: string }>} */
const VERDICTS = {
  problem: { rank: 0, sign: "remove", word: "problem" },
  warning: { rank: 1, sign: "bad", word: "warning" },
  ok: { rank: 2, sign: "good", word: "fine" },
  skipped: { rank: 3, sign: "off", word: "not looked at" },
};

/** What there is to say about all of them. @param {Finding[]} findings */
export function summary(findings) {
  const count = (/** @type {Verdict} */ verdict) => findings.filter((each) => each.verdict === verdict).length;
  const found = [
    count("problem") > 0 && many(count("problem"), "problem"),
    count("warning") > 0 && many(count("warning"), "warning"),
  ].filter(Boolean);
  return found.length === 0 ? "Nothing is wrong." : `${found.join(" and ")} found.`;
}

/**
 * @param {Finding[]} findings
 * @param {string} testid
 * @param {{ fold?: boolean }} [options] whether what is in order is folded away, too
 */
export function findingList(findings, testid, options = {}) {
  const sorted = findings
    .map((finding, index) => ({ finding, index }))
    .sort((one, other) => VERDICTS[one.finding.verdict].rank - VERDICTS[other.finding.verdict].rank);
  const those = (/** @type {Verdict[]} */ ...verdicts) => sorted.filter(({ finding }) => verdicts.includes(finding.verdict));
  const shown = options.fold ? those("problem", "warning") : those("problem", "warning", "ok");
  const fine = options.fold ? those("ok") : [];
  return h("div", { class: "finding-lists", "data-testid": testid },
    shown.length > 0 && h("ul", { class: "findings", key: "shown" }, shown.map(row)),
    folded("In order", fine),
    folded("Not looked at", those("skipped")));
}

/** @param {string} title @param {{ finding: Finding, index: number }[]} those */
function folded(title, those) {
  return those.length > 0 && h("div", { key: title }, more(`${title} (${those.length})`, h("ul", { class: "findings" }, those.map(row))));
}

/** @param {{ finding: Finding, index: number }} each */
function row({ finding, index }) {
  const { check, verdict, about, seen, advice } = finding;
  const { sign, word } = VERDICTS[verdict];
  const label = about === undefined ? LABELS[check] : `${LABELS[check]} ${about}`;
  const isLoud = verdict === "problem" || verdict === "warning";
  return h(
    "li",
    { class: "check", key: String(index), "data-testid": `finding-${check}`, "data-verdict": verdict },
    h("span", { class: `check-sign finding-${verdict}` }, icon(sign)),
    h(
      "span",
      { class: "check-words" },
      h("span", { class: "check-label" },
        isLoud && h("strong", { class: `finding-word finding-${verdict}` }, `${capital(word)}: `),
        label,
        !isLoud && h("span", { class: "unseen" }, `: ${word}`)),
      h("span", { class: "hint check-message" }, lines(`${capital(seen)}${time(finding)}`)),
      advice !== undefined && h("span", { class: "finding-advice" }, prose(capital(advice))),
    ),
  );
}

/** @param {string} text */
function lines(text) {
  return text.split("\n").map((line) => h("span", { class: "finding-line" }, prose(line)));
}

/** How long an answer took, behind what was seen. @param {Finding} finding */
function time({ figures }) {
  const found = figures?.find(({ name }) => name === "latency" || name === "round_trip");
  return found ? ` · ${millis(found.value)}` : "";
}
