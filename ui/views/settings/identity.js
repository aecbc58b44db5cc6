// @ts-check
/**
 * Who we are, where the key is kept, and moving it. The key itself never comes here: the engine reads
 * and writes the file that is named.
 *
 * @import { Visit } from "../../types.js"
 * @import { Status } from "../../generated/api.js"
 * @import { SettingsForm } from "../settings.js"
 */

import { h } from "../../dom.js";
import { pathProblem } from "../../input.js";
import { wordsOf } from "../../refused.js";
import { button, field, tick } from "../../parts/controls.js";
import { dialog } from "../../parts/dialog.js";
import { section } from "../../parts/heading.js";
import { copyable, note } from "../../parts/shown.js";
import { load } from "./load.js";

/** @type {Record<string, string>} */
const STORES = {
  keychain: "The secret key is in this system's keychain.",
  file: "The secret key is in a file that only you can read.",
  memory: "The secret key is in memory only; the next start has another.",
};

/** @param {Visit<SettingsForm>} visit @param {Status} status */
export function identity(visit, status) {
  const { id52, store, notice } = status.identity;
  const start = (/** @type {"export" | "import"} */ moving) => visit.set({ moving, path: "", sure: false, problems: {} });
  return section("Identity", { key: "identity", testid: "identity" },
    h("h3", { class: "field-label" }, "My id52"),
    copyable(visit, id52, "my id52", "my-id52"),
    h("p", { "data-testid": "key-store" }, STORES[store] ?? `The secret key is kept by: ${store}.`),
    notice !== undefined && note("warn", notice),
    h("div", { class: "form-acts" },
      button("Export the key…", () => start("export"), { testid: "export" }),
      button("Import a key…", () => start("import"), { testid: "import" })),
    visit.form.moving === "export" && exporting(visit),
    visit.form.moving === "import" && importing(visit));
}

/** @param {Visit<SettingsForm>} visit */
function exporting(visit) {
  return asked(visit, "Export the key", [
    note("warn", "Whoever has this file is you: they can share and connect in your name, and it cannot be taken back. Keep it where nobody else can read it."),
    path(visit, "New file", "It must not be there yet."),
  ], "Export", "confirm-export", async () => {
    await visit.ask({ request: "export-identity", path: visit.form.path.trim() }, "done");
    visit.say("The key is exported");
  });
}

/** @param {Visit<SettingsForm>} visit */
function importing(visit) {
  return asked(visit, "Import a key", [
    note("warn", "From the next start on you are the identity in that file. Links you gave away before stop working, and peers who know you by your present id52 do not know you any more. Export the present key first if you may want it back."),
    path(visit, "File with the key", ""),
    tick("I want to replace my identity", visit.form.sure, (sure) => visit.set({ sure }), { testid: "sure", key: "sure" }),
  ], "Import", "confirm-import", async () => {
    await visit.ask({ request: "import-identity", path: visit.form.path.trim() }, "done");
    visit.say("The key is imported; start malai anew to use it");
  });
}

/** @param {Visit<SettingsForm>} visit @param {string} label @param {string} hint */
function path(visit, label, hint) {
  return field({
    id: "key-path", label, hint, value: visit.form.path, placeholder: "/home/me/malai.key", code: true,
    error: visit.form.problems.path, testid: "key-path", change: (next) => visit.set({ path: next, problems: {} }),
  });
}

/**
 * @param {Visit<SettingsForm>} visit @param {string} title @param {import("../../types.js").Child[]} body
 * @param {string} verb @param {string} testid @param {() => Promise<void>} act
 */
function asked(visit, title, body, verb, testid, act) {
  const run = async () => {
    const { moving, sure, path: typed } = visit.form;
    const unsure = moving === "import" && !sure ? "Tick the box to say that you are sure." : "";
    const wrong = pathProblem(typed) || unsure;
    visit.set({ problems: { path: wrong } });
    if (wrong !== "") return;
    try {
      await act();
      visit.set({ moving: "" });
      await load(visit);
    } catch (thrown) {
      visit.set({ problems: { path: wordsOf(thrown) } });
    }
  };
  return dialog({ title, close: () => visit.set({ moving: "" }), testid: `${visit.form.moving}-dialog` },
    body, button(verb, () => void run(), { kind: "danger", key: "go", testid }));
}
