// @ts-check
/**
 * Sharing a server of this machine.
 *
 * @import { View, Visit } from "../types.js"
 * @import { DevServer, Protocol } from "../generated/api.js"
 * @import { Access } from "../parts/access.js"
 * @import { Ending } from "../parts/ending.js"
 */

import { invite } from "../acts.js";
import { h } from "../dom.js";
import { descriptionProblem, nameProblem, upstreamProblem } from "../input.js";
import { access, accessProblem } from "../parts/access.js";
import { button, choice, field, form, more, problem, tick } from "../parts/controls.js";
import { NO_END, ending, endingProblem, secondsOf } from "../parts/ending.js";
import { heading, section } from "../parts/heading.js";
import { waiting } from "../parts/shown.js";
import { Refused, wordsOf } from "../refused.js";

/**
 * @typedef {object} ShareForm
 * @property {DevServer[] | null} servers `null` while they are looked for
 * @property {string} upstream
 * @property {string} name
 * @property {Access} access
 * @property {string} description
 * @property {boolean} keep
 * @property {Ending} end
 * @property {Protocol} protocol
 * @property {boolean} busy
 * @property {{ upstream?: string, name?: string, description?: string, access?: string, form?: string }} problems
 * @property {boolean} silent whether nothing answered there
 */

/** @type {View<ShareForm>} */
export const share = {
  title: () => "Share something",
  begin: () => ({
    servers: null, upstream: "", name: "", access: { who: "link", chosen: [] },
    description: "", keep: false, end: NO_END, protocol: "http", busy: false, problems: {}, silent: false,
  }),
  enter: (visit) => void detect(visit),
  render(visit) {
    const { form: it } = visit;
    return [
      heading("Share something", { back: () => visit.go({ view: "home" }) }),
      form(() => void submit(visit, true), { class: "form", "data-testid": "share-form", "aria-label": "Share something" },
        section("What", { key: "what", aside: button("Look again", () => void detect(visit), { icon: "again", testid: "detect" }) },
          servers(visit),
          h("div", { class: "fields" }, field({
            id: "upstream", label: "Port or address", value: it.upstream, placeholder: "3000", code: true,
            error: it.problems.upstream, testid: "port", change: (upstream) => pick(visit, upstream),
          }),
          field({
            id: "name", label: "Name", value: it.name, placeholder: suggested(it), testid: "name",
            hint: "How others see it.", error: it.problems.name,
            change: (name) => visit.set({ name, problems: { ...it.problems, name: "" } }),
          })),
          it.silent && h("div", { class: "form-acts", key: "anyway" },
            button("Share anyway", () => void submit(visit, false), { testid: "share-anyway" }))),
        section("Who may use it", { key: "who" },
          access(visit, it.access, (next) => visit.set({ access: next, problems: { ...it.problems, access: "" } })),
          problem("access", it.problems.access)),
        more("More options",
          h("div", { class: "fields" }, field({
            id: "description", label: "Description", value: it.description, placeholder: "Our web shop", testid: "description",
            hint: "Those who may use it see this beside its name.", error: it.problems.description,
            change: (description) => visit.set({ description, problems: { ...it.problems, description: "" } }),
          })),
          tick("Keep after a restart", it.keep, (keep) => visit.set({ keep }), {
            hint: "Otherwise it ends when malai quits.", testid: "keep",
          }),
          !it.keep && ending(it.end, (end) => visit.set({ end })),
          h("fieldset", { class: "group" },
            h("legend", { class: "field-label" }, "Kind"),
            choice("protocol", it.protocol, [
              { value: "http", label: "Web", hint: "Sites and APIs (HTTP)." },
              { value: "tcp", label: "Anything else", hint: "Databases, SSH, games (TCP)." },
            ], (protocol) => visit.set({ protocol })))),
        problem("form", it.problems.form),
        h("div", { class: "form-acts", key: "acts" },
          button(it.busy ? "Sharing…" : "Share", () => {}, { kind: "main", submit: true, busy: it.busy, testid: "share" }))),
    ];
  },
};

/** @param {Visit<ShareForm>} visit */
function servers(visit) {
  const { servers: found, upstream } = visit.form;
  if (found === null) return waiting("Looking for servers on this machine…");
  if (found.length === 0) return h("p", { class: "hint" }, "No server was found on this machine. Start yours, or type its port.");
  return h("ul", { class: "tiles", "aria-label": "Servers on this machine" }, found.map((server) =>
    h("li", { key: String(server.port) },
      h("button", {
        class: "tile", type: "button", "data-testid": `server-${server.port}`,
        "aria-pressed": server.shared_as === undefined ? String(upstream === String(server.port)) : undefined,
        onclick: () => {
          if (server.shared_as === undefined) pick(visit, String(server.port));
          else visit.go({ view: "service", name: server.shared_as });
        },
      },
        h("span", { class: "tile-title" }, `localhost:${server.port}`),
        h("span", { class: "hint" }, server.shared_as === undefined
          ? [server.program, server.name].filter(Boolean).join(" · ") || "server"
          : `shared as ${server.shared_as}`)))));
}

/** @param {Visit<ShareForm>} visit @param {string} upstream */
function pick(visit, upstream) {
  visit.set({ upstream, silent: false, problems: { ...visit.form.problems, upstream: "", form: "" } });
}

/** The name it gets when none is written. @param {ShareForm} it */
function suggested(it) {
  const server = it.servers?.find((each) => String(each.port) === it.upstream.trim());
  if (server?.name !== undefined) return server.name;
  const port = /(\d+)\/?$/.exec(it.upstream.trim())?.[1];
  return port === undefined ? "my-shop" : `port-${port}`;
}

/** @param {Visit<ShareForm>} visit */
async function detect(visit) {
  visit.set({ servers: null });
  try {
    const { servers: found } = await visit.ask({ request: "detect" }, "detected");
    visit.set({ servers: found });
  } catch (thrown) {
    visit.set({ servers: [], problems: { ...visit.form.problems, form: wordsOf(thrown) } });
  }
}

/** @param {Visit<ShareForm>} visit @param {boolean} mustAnswer */
async function submit(visit, mustAnswer) {
  const it = visit.form;
  if (it.busy) return;
  const problems = {
    upstream: upstreamProblem(it.upstream),
    name: it.name === "" ? "" : nameProblem(it.name),
    description: descriptionProblem(it.description.trim()),
    access: accessProblem(it.access),
  };
  const end = { ...it.end, problem: it.keep ? "" : endingProblem(it.end) };
  visit.set({ problems, end, silent: false });
  if (end.problem || problems.upstream || problems.name || problems.description || problems.access) return;
  const upstream = it.upstream.trim();
  const known = it.servers?.find((each) => String(each.port) === upstream)?.name;
  const name = it.name || known;
  visit.set({ busy: true });
  try {
    const { service } = await visit.ask({
      request: "share", upstream: [upstream], name, protocol: it.protocol,
      allow: it.access.who === "everybody" ? ["anyone"] : it.access.who === "chosen" ? it.access.chosen : [],
      description: it.description.trim() || undefined, keep: it.keep,
      for_secs: it.keep ? undefined : secondsOf(it.end, new Date()), must_answer: mustAnswer,
    }, "shared");
    const { link, problem: missing } = it.access.who === "link" ? await invited(visit, service.name) : { link: service.link };
    if (visit.current()) visit.go({ view: "service", name: service.name, link });
    visit.say(missing ?? `${service.name} is shared`);
  } catch (thrown) {
    refused(visit, thrown);
  }
}

/**
 * The link, or what went wrong with it; the share is there all the same.
 * @param {Visit<ShareForm>} visit @param {string} name
 * @returns {Promise<{ link?: string, problem?: string }>}
 */
async function invited(visit, name) {
  try {
    return { link: await invite(visit, name) };
  } catch (thrown) {
    return { problem: wordsOf(thrown) };
  }
}

/** The error goes where it can be mended. @param {Visit<ShareForm>} visit @param {unknown} thrown */
function refused(visit, thrown) {
  const words = wordsOf(thrown);
  const code = thrown instanceof Refused ? thrown.code : "";
  if (code === "nothing-answers") visit.set({ busy: false, silent: true, problems: { upstream: words } });
  else if (code === "name-taken" || code === "name-invalid") visit.set({ busy: false, problems: { name: words } });
  else if (code === "peer-unknown") visit.set({ busy: false, problems: { access: words } });
  else visit.set({ busy: false, problems: { form: words } });
}
