// @ts-check
/**
 * One share: its link, who may use it, whether it can be reached, what was asked of it.
 *
 * @import { State, View, Visit } from "../types.js"
 * @import { Check, InviteStatus, QrCode, ServiceStatus, Status } from "../generated/api.js"
 * @import { Made, Terms } from "./service/inviting.js"
 * @import { Access } from "../parts/access.js"
 * @import { Ending } from "../parts/ending.js"
 */

import { startAgain, stop } from "../acts.js";
import { h } from "../dom.js";
import { bytes, many } from "../format.js";
import { checklist } from "../parts/checks.js";
import { button, link } from "../parts/controls.js";
import { endWords } from "../parts/ending.js";
import { heading, section } from "../parts/heading.js";
import { flow, note, state } from "../parts/shown.js";
import { sparks } from "../parts/spark.js";
import { stopDialog } from "../parts/stopping.js";
import { wordsOf } from "../refused.js";
import { rateOf } from "../state.js";
import { places, serviceState } from "../words.js";
import { description } from "./service/description.js";
import { end } from "./service/end.js";
import { loadInvites } from "./service/invites.js";
import { linkSection, showLink } from "./service/link.js";
import { requests } from "./service/requests.js";
import { who } from "./service/who.js";

/**
 * @typedef {object} ServiceForm
 * @property {string} name
 * @property {string} link the link to give away; empty until it is there
 * @property {QrCode | null} code
 * @property {Check[] | null} checks
 * @property {string} problem why there is no link
 * @property {Access | null} access while it is edited
 * @property {boolean} edited whether it was edited before
 * @property {string} accessProblem
 * @property {boolean} busy
 * @property {string} removing the guest who is about to be shut out
 * @property {boolean} revokeToo whether the link they came with goes, too
 * @property {InviteStatus[] | null} invites the links that let people in
 * @property {string} revoking the one that is about to be revoked
 * @property {boolean} revoked whether the link to give away was
 * @property {Terms | null} inviting a link that is to be made
 * @property {Made | null} made one that was
 * @property {boolean} invited whether one was begun before
 * @property {string} stopping
 * @property {string | null} described as edited; `null` while it is as the engine has it
 * @property {string} describedProblem
 * @property {Ending | null} end while it is edited
 * @property {boolean} ended whether it was before
 * @property {string} endProblem
 */

/** @type {View<ServiceForm>} */
export const service = {
  title: (state) => state.route.name ?? "",
  begin: (route) => ({
    name: route.name ?? "", link: route.link ?? "", code: null, checks: null, problem: "", access: null,
    edited: false, accessProblem: "", busy: false, removing: "", revokeToo: true, stopping: "",
    described: null, describedProblem: "",
    invites: null, revoking: "", revoked: false, inviting: null, made: null, invited: false,
    end: null, ended: false, endProblem: "",
  }),
  enter(visit) {
    void showLink(visit);
    void check(visit);
    void loadInvites(visit);
  },
  changed(visit, before) {
    if (doorOf(before, visit.form.name) !== doorOf(visit.state.status, visit.form.name)) void loadInvites(visit);
  },
  render(visit) {
    const { status } = visit.state;
    const { name } = visit.form;
    const it = status?.services.find((each) => each.name === name);
    const back = () => visit.go({ view: "home" });
    if (!status) return null;
    if (!it) return [heading(name, { back }), h("p", { class: "lead", key: "none", "data-testid": "no-share" }, `Nothing called ${name} is shared.`)];
    return [
      heading(name, {
        back,
        under: h("p", { class: "facts" }, state(serviceState(it)), h("span", { class: "hint" }, facts(visit.state, it))),
        aside: it.active
          ? button("Stop", () => void finish(visit, it), { icon: "stop", testid: "stop", key: "stop", label: `Stop sharing ${name}` })
          : [
              button("Share again", () => void again(visit, it), { icon: "again", kind: "main", testid: "start-again", key: "again" }),
              button("Remove", () => void finish(visit, it), { testid: "stop", key: "stop", label: `Remove ${name}` }),
            ],
      }),
      it.active && serviceState(it).more !== undefined && note("bad", serviceState(it).more),
      it.active && linkSection(visit, it),
      it.active && section("Can it be reached?", { key: "checks", aside: button("Check again", () => void check(visit), { icon: "again", testid: "check" }) },
        checklist(visit.form.checks)),
      section("Who can connect", { key: "who", testid: "who" }, who(visit, status, it)),
      description(visit, it),
      end(visit, it),
      it.active && activity(visit, status, it),
      stopDialog(visit, visit.form.stopping, () => visit.set({ stopping: "" }), back),
    ];
  },
};

/** Who was let in, and whether more can be: links have come or gone when it changes. @param {Status | null} status @param {string} name */
function doorOf(status, name) {
  const it = status?.services.find((each) => each.name === name);
  return JSON.stringify([it?.guests, it?.invites]);
}

/** @param {State} state @param {ServiceStatus} it */
function facts(state, it) {
  return [places(it.upstream), it.protocol === "http" ? "web" : "tcp", it.kept && "kept", endWords(state, it)].filter(Boolean).join(" · ");
}

/** @param {Visit<ServiceForm>} visit @param {Status} status @param {ServiceStatus} it */
function activity(visit, status, it) {
  const { traffic } = it;
  return section("Activity", { key: "activity", testid: "activity", aside: flow(rateOf(visit.state, `service:${it.name}`)) },
    h("p", { class: "hint numbers" },
      `${many(traffic.requests, it.protocol === "http" ? "request" : "connection")}, ${bytes(traffic.bytes_in)} in, ${bytes(traffic.bytes_out)} out`),
    sparks(it.measured, it.protocol, true),
    it.protocol === "http" && requests(status, visit.state.seen[it.name] ?? []),
    link("Who used it, and who was refused", `#/log/service/${encodeURIComponent(it.name)}`, "next", { "data-testid": "go-log", key: "log" }));
}

/** @param {Visit<ServiceForm>} visit */
async function check(visit) {
  visit.set({ checks: null });
  try {
    const { checks } = await visit.ask({ request: "check", service: visit.form.name }, "checked");
    visit.set({ checks });
  } catch (thrown) {
    visit.set({ checks: [] });
    visit.say(wordsOf(thrown));
  }
}

/** @param {Visit<ServiceForm>} visit @param {ServiceStatus} it */
async function again(visit, it) {
  await startAgain(visit, it);
  if (!visit.current()) return;
  await Promise.all([showLink(visit), check(visit)]);
}

/** @param {Visit<ServiceForm>} visit @param {ServiceStatus} it */
async function finish(visit, it) {
  if (it.kept) visit.set({ stopping: it.name });
  else if (await stop(visit, it.name, false)) {
    if (visit.current()) visit.go({ view: "home" });
    visit.say(`${it.name} stopped`);
  }
}
