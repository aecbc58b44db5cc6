// @ts-check
/**
 * Views and the part of the address after `#`, each from the other.
 *
 * A link that was handed in is never part of the address: it may carry a secret.
 *
 * @import { Route, ViewName } from "./types.js"
 */

/** @type {ViewName[]} */
const VIEWS = ["home", "share", "service", "connect", "peers", "settings", "connection"];

/** @param {string} hash @returns {Route} */
export function routeOf(hash) {
  const [view = "", name = ""] = hash.replace(/^#\/?/, "").split("/", 2);
  const found = VIEWS.find((each) => each === view);
  if (!found) return { view: "home" };
  if (found !== "service") return { view: found };
  const decoded = decode(name);
  return decoded ? { view: found, name: decoded } : { view: "home" };
}

/** @param {Route} route @returns {string} */
export function hashOf(route) {
  if (route.view === "home") return "#/";
  if (route.view === "service") return `#/service/${encodeURIComponent(route.name ?? "")}`;
  return `#/${route.view}`;
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
