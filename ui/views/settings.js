// @ts-check
/**
 * How malai is set up.
 *
 * @import { View, Visit } from "../types.js"
 * @import { NetworkSettings, Settings, Status } from "../generated/api.js"
 */

import { h } from "../dom.js";
import { button, link, tick } from "../parts/controls.js";
import { heading, section } from "../parts/heading.js";
import { copyable, note, waiting } from "../parts/shown.js";
import { wordsOf } from "../refused.js";
import { gateway } from "./settings/gateway.js";
import { identity } from "./settings/identity.js";
import { load } from "./settings/load.js";
import { myName } from "./settings/name.js";
import { network } from "./settings/network.js";

/**
 * @typedef {object} SettingsForm
 * @property {Settings | null} settings
 * @property {NetworkSettings | null} network as edited; `null` while it is as the engine has it
 * @property {string} relayUrl
 * @property {"" | "backup" | "export" | "import" | "rotate"} moving which dialog about the key is open
 * @property {string} path
 * @property {string} passphrase
 * @property {string} again the passphrase once more
 * @property {boolean} sure
 * @property {string | null} name as edited; `null` while it is as the engine has it
 * @property {{ settings?: string, network?: string, path?: string, name?: string, passphrase?: string }} problems
 */

/** @type {View<SettingsForm>} */
export const settings = {
  title: () => "Settings",
  begin: () => ({ settings: null, network: null, relayUrl: "", moving: "", path: "", passphrase: "", again: "", sure: false, name: null, problems: {} }),
  enter: (visit) => void load(visit),
  render(visit) {
    const { state: { status }, form: it } = visit;
    if (!status) return null;
    return [
      heading("Settings"),
      it.settings?.restart_needed && h("div", { key: "restart", "data-testid": "restart-needed" },
        note("warn", "Some changes work from the next start of malai on.")),
      identity(visit, status),
      it.settings && myName(visit, it.settings),
      desktop(visit),
      it.settings && gateway(visit, status, it.settings),
      it.settings ? network(visit, it.settings) : section("Network", { key: "network" }, waiting("Reading the settings…")),
      it.settings && files(visit, it.settings),
      section("Log", { key: "log" },
        h("p", { class: "hint" }, "Who used what you share, and who was refused."),
        link("See the log", "#/log", "next", { "data-testid": "go-log" })),
      about(status),
    ];
  },
};

/** What only the desktop application has. @param {Visit<SettingsForm>} visit */
function desktop(visit) {
  const { state: { desktop: app } } = visit;
  if (!app) return null;
  const change = async (/** @type {Partial<typeof app.settings>} */ patch) => {
    try {
      await visit.host.setDesktop({ ...app.settings, ...patch });
    } catch (thrown) {
      visit.say(wordsOf(thrown));
    }
  };
  return section("Desktop", { key: "desktop", testid: "desktop-settings" },
    tick("Start at login", app.settings.start_at_login, (on) => void change({ start_at_login: on }), {
      hint: app.tray ? "It starts in the tray, without a window." : "It starts without a window.", testid: "start-at-login",
    }),
    tick("Notifications", app.settings.notifications, (on) => void change({ notifications: on }), { testid: "notifications" }));
}

/** @param {Visit<SettingsForm>} visit @param {Settings} it */
function files(visit, it) {
  return section("Files", { key: "files", testid: "files" },
    place(visit, "Configuration", it.config, "config"),
    place(visit, "Logs", it.logs, "logs"));
}

/** @param {Visit<SettingsForm>} visit @param {string} label @param {string} path @param {"config" | "logs"} target */
function place(visit, label, path, target) {
  const open = async () => {
    try {
      await visit.host.open({ open: target });
    } catch (thrown) {
      visit.say(wordsOf(thrown));
    }
  };
  return h("div", { class: "place", key: target },
    h("div", { class: "spread" },
      h("h3", { class: "field-label" }, label),
      visit.host.kind === "desktop" && path !== "" && button("Open", () => void open(), { icon: "open", label: `Open ${label.toLowerCase()}`, testid: `open-${target}` })),
    path === "" ? h("p", { class: "hint" }, "There is none.") : copyable(visit, path, `path of the ${label.toLowerCase()}`, `path-${target}`));
}

/** @param {Status} status */
function about(status) {
  return section("About", { key: "about" }, h("p", { "data-testid": "version" }, `malai ${status.version}`));
}
