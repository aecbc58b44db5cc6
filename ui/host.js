// @ts-check
/**
 * Chooses the way to the engine: the desktop application around this page, or the web server that
 * gave it out. Nothing else in the window knows the difference.
 *
 * @import { Host } from "./types.js"
 */

import { browserHost } from "./host/browser.js";
import { desktopHost } from "./host/desktop.js";

/** @returns {Host} */
export function chooseHost() {
  return window.__TAURI__ ? desktopHost(window.__TAURI__) : browserHost(window);
}
