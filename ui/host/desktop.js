// @ts-check
/**
 * The desktop application: commands to it, events from it.
 *
 * @import { Host, Told } from "../types.js"
 * @import { DesktopState, Event, Navigation, Response, Status } from "../generated/api.js"
 * @import { Tauri } from "./tauri.js"
 */

import { Refused } from "../refused.js";

/** @param {Tauri} tauri @returns {Host} */
export function desktopHost(tauri) {
  /** @param {string} command @param {Record<string, unknown>} [args] */
  const invoke = async (command, args) => {
    try {
      return await tauri.core.invoke(command, args);
    } catch (thrown) {
      throw refusal(thrown);
    }
  };
  return {
    kind: "desktop",
    start: (tell) => start(tauri, invoke, tell),
    ask: async (request) => /** @type {Response} */ (await invoke("dispatch", { request })),
    copy: async (text) => void (await invoke("copy", { text })),
    open: async (target) => void (await invoke("open", { target })),
    setDesktop: async (settings) => void (await invoke("set_desktop", { settings })),
    useKeyFile: async () => void (await invoke("use_key_file")),
  };
}

/**
 * Listens before it looks, so that nothing falls between the two.
 * @param {Tauri} tauri
 * @param {(command: string) => Promise<unknown>} invoke
 * @param {(told: Told) => void} tell
 */
async function start(tauri, invoke, tell) {
  /** @param {string} event @param {(payload: unknown) => void} heard */
  const listen = (event, heard) => tauri.event.listen(event, ({ payload }) => heard(payload));
  /** @param {unknown} payload */
  const status = (payload) => tell({ type: "status", status: /** @type {Status} */ (payload), at: Date.now() });
  /** @param {unknown} payload */
  const desktop = (payload) => tell({ type: "desktop", desktop: /** @type {DesktopState} */ (payload) });
  /** @param {unknown} payload */
  const navigate = (payload) => {
    if (payload) tell({ type: "navigate", navigation: /** @type {Navigation} */ (payload) });
  };
  await Promise.all([
    listen("status", status),
    listen("desktop", desktop),
    listen("navigate", navigate),
    listen("event", (payload) => tell({ type: "event", event: /** @type {Event} */ (payload), at: Date.now() })),
  ]);
  tell({ type: "connection", connection: "live" });
  desktop(await invoke("desktop_state"));
  const known = await invoke("status").catch(() => null);
  if (known) status(known);
  navigate(await invoke("navigation"));
}

/** Commands fail with a code and a message, or with words alone. @param {unknown} thrown */
function refusal(thrown) {
  if (thrown !== null && typeof thrown === "object" && "message" in thrown) {
    const code = "code" in thrown ? String(thrown.code) : "internal";
    return new Refused(code, String(thrown.message));
  }
  return new Refused("internal", String(thrown));
}
