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
import { Refused, wordsOf } from "../../refused.js";
import { button, field, problem, tick } from "../../parts/controls.js";
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

/** A dialog that nothing was typed into: what was, is not kept longer than it is needed. */
const BLANK = { moving: /** @type {const} */ (""), path: "", passphrase: "", again: "", sure: false, problems: {} };

/** As the engine has it. */
const PASSPHRASE_MIN = 8;

/** @param {Visit<SettingsForm>} visit @param {Status} status */
export function identity(visit, status) {
  const { id52, store, notice } = status.identity;
  const start = (/** @type {SettingsForm["moving"]} */ moving) => visit.set({ ...BLANK, moving });
  return section("Identity", { key: "identity", testid: "identity" },
    h("h3", { class: "field-label" }, "My id52"),
    copyable(visit, id52, "my id52", "my-id52"),
    h("p", { "data-testid": "key-store" }, STORES[store] ?? `The secret key is kept by: ${store}.`),
    notice !== undefined && note("warn", notice),
    h("div", { class: "form-acts" },
      button("Back up with a passphrase…", () => start("backup"), { testid: "backup" }),
      button("Export the key…", () => start("export"), { testid: "export" }),
      button("Import a key…", () => start("import"), { testid: "import" }),
      button("Make a new key…", () => start("rotate"), { testid: "rotate" })),
    visit.form.moving === "backup" && backingUp(visit),
    visit.form.moving === "export" && exporting(visit),
    visit.form.moving === "import" && importing(visit),
    visit.form.moving === "rotate" && rotating(visit));
}

/** @param {Visit<SettingsForm>} visit */
function backingUp(visit) {
  const { passphrase, again, problems } = visit.form;
  return asked(visit, "Back up the key", [
    note("warn", "Whoever has this file and the passphrase is you. Without the passphrase nobody can open it, and it cannot be found again."),
    path(visit, "New file", "It must not be there yet.", "/home/me/malai.age"),
    field({
      id: "passphrase", label: "Passphrase", hint: `At least ${PASSPHRASE_MIN} characters.`, value: passphrase, secret: true,
      error: problems.passphrase, testid: "passphrase", change: (next) => visit.set({ passphrase: next, problems: {} }),
    }),
    field({
      id: "again", label: "The same once more", value: again, secret: true, testid: "again",
      change: (next) => visit.set({ again: next, problems: {} }),
    }),
  ], "Back up", "confirm-backup", async () => {
    await visit.ask({ request: "export-identity", path: visit.form.path.trim(), passphrase: visit.form.passphrase }, "done");
    visit.say("The key is backed up");
  });
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
    field({
      id: "passphrase", label: "Passphrase", hint: "Only for a backup; a key as it is has none.", value: visit.form.passphrase, secret: true,
      error: visit.form.problems.passphrase, testid: "passphrase", change: (passphrase) => visit.set({ passphrase, problems: {} }),
    }),
    tick("I want to replace my identity", visit.form.sure, (sure) => visit.set({ sure }), { testid: "sure", key: "sure" }),
  ], "Import", "confirm-import", async () => {
    const { path: typed, passphrase } = visit.form;
    await visit.ask({ request: "import-identity", path: typed.trim(), ...(passphrase !== "" && { passphrase }) }, "done");
    visit.say("The key is imported; start malai anew to use it");
  });
}

/** @param {Visit<SettingsForm>} visit */
function rotating(visit) {
  return asked(visit, "Make a new key", [
    note("warn", "From the next start on you have another id52. Peers who know you follow by themselves and refuse the old key from then on; links you gave away are to be made anew, and so is a backup. The old key is kept aside."),
    tick("I want another key", visit.form.sure, (sure) => visit.set({ sure, problems: {} }), { testid: "sure", key: "sure" }),
    problem("key-path", visit.form.problems.path),
  ], "Make a new key", "confirm-rotate", async () => {
    await visit.ask({ request: "rotate", forget_old: false }, "rotated");
    visit.say("There is a new key; start malai anew to use it");
  });
}

/** What is wrong with a passphrase for a new backup. @param {SettingsForm} form */
function passphraseProblem({ moving, passphrase, again }) {
  if (moving !== "backup") return "";
  if ([...passphrase].length < PASSPHRASE_MIN) return `A passphrase has at least ${PASSPHRASE_MIN} characters.`;
  return passphrase === again ? "" : "The two passphrases differ.";
}

/** @param {Visit<SettingsForm>} visit @param {string} label @param {string} hint @param {string} [placeholder] */
function path(visit, label, hint, placeholder = "/home/me/malai.key") {
  return field({
    id: "key-path", label, hint, value: visit.form.path, placeholder, code: true,
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
    const unsure = ["import", "rotate"].includes(moving) && !sure ? "Tick the box to say that you are sure." : "";
    const misnamed = moving === "rotate" ? "" : pathProblem(typed);
    const wrong = { path: misnamed || unsure, passphrase: passphraseProblem(visit.form) };
    visit.set({ problems: wrong });
    if (wrong.path !== "" || wrong.passphrase !== "") return;
    try {
      await act();
      visit.set(BLANK);
      await load(visit);
    } catch (thrown) {
      const place = thrown instanceof Refused && thrown.code.startsWith("passphrase-") ? "passphrase" : "path";
      visit.set({ problems: { [place]: wordsOf(thrown) } });
    }
  };
  return dialog({ title, close: () => visit.set(BLANK), testid: `${visit.form.moving}-dialog` },
    body, button(verb, () => void run(), { kind: "danger", key: "go", testid }));
}
