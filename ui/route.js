// @ts-check
/**
 * Views and the part of the address after `#`, each from the other.
 *
 * A link that was handed in is never part of the address: it may carry a secret.
 *
 * @import { Route, ViewName } from "./types.js"
 */

/** @type {ViewName[]} */
const VIEWS = ["home", "share", "service", "connect", "peers", "settings", "connection", "log"];

/** @param {string} hash @returns {Route} */
export function routeOf(hash) {
  const [view = "", name = "", ...rest] = hash.replace(/^#\/?/, "").split("/");
  const found = VIEWS.find((each) => each === view);
  if (!found) return { view: "home" };
  if (found === "log") return logRoute(name, decode(rest[0] ?? ""));
  if (found !== "service") return { view: found };
  const decoded = decode(name);
  return decoded ? { view: found, name: decoded } : { view: "home" };
}

/** All of the log, or what is about one peer or service. @param {string} about @param {string} name @returns {Route} */
function logRoute(about, name) {
  return (about === "peer" || about === "service") && name !== "" ? { view: "log", about, name } : { view: "log" };
}

/** @param {Route} route @returns {string} */
export function hashOf(route) {
  if (route.view === "home") return "#/";
  if (route.view === "service") return `#/service/${encodeURIComponent(route.name ?? "")}`;
  if (route.about) return `#/${route.view}/${route.about}/${encodeURIComponent(route.name ?? "")}`;
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
