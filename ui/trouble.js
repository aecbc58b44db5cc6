// @ts-check
/**
 * What is shown while there is no engine to show: it starts, asks, failed or is out of reach.
 *
 * @import { Child, Host, State } from "./types.js"
 * @import { EngineState } from "./generated/api.js"
 */

import { h } from "./dom.js";
import { capital } from "./format.js";
import { button } from "./parts/controls.js";
import { prose } from "./parts/prose.js";
import { waiting } from "./parts/shown.js";

/** @param {State} state @param {Host} host @returns {Child} `null` when a view can be shown */
export function trouble(state, host) {
  if (state.desktop && state.desktop.engine.engine !== "running") return engine(state.desktop.engine, host);
  if (state.connection === "expired") {
    return page("Open a new address", [
      "This page is not signed in, or not any more.",
      ["Run ", h("code", { class: "code" }, "malai serve --ui"), " where malai runs. It prints a new address; open that one."],
    ]);
  }
  if (state.connection === "gone") {
    return page("malai does not answer", [
      "It was stopped, or its machine is out of reach.",
      ["To start it again, run ", h("code", { class: "code" }, "malai serve --ui"), " there. This page comes back by itself."],
    ], waiting("Trying again…"));
  }
  return state.status ? null : page("", [], waiting("Starting…"));
}

/** @param {EngineState} engine @param {Host} host @returns {Child} */
function engine(engine, host) {
  switch (engine.engine) {
    case "asks-for-key-file":
      return page(
        "Keep the key in a file?",
        [
          "No keychain answers, so your key has no safe place yet.",
          ["It could be kept in a file that only you can read: ", h("code", { class: "code" }, engine.path)],
          "If you would rather use a keychain, quit malai from the tray, start the keychain, and open malai again.",
        ],
        button("Use a file", () => void host.useKeyFile(), { kind: "main", testid: "use-key-file" }),
      );
    case "failed":
      return page("malai could not start", [prose(capital(engine.message))]);
    case "stopping":
      return page("malai is stopping", ["It lets what is in flight end."], waiting("Stopping…"));
    case "starting":
    case "running":
      return page("", [], waiting("Starting…"));
  }
}

/** @param {string} title @param {Child[]} lines @param {...Child} below */
function page(title, lines, ...below) {
  return h(
    "div",
    { class: "trouble", "data-testid": "trouble", key: title },
    title !== "" && h("h1", { class: "title", tabindex: "-1" }, title),
    lines.map((line) => h("p", null, line)),
    ...below,
  );
}
