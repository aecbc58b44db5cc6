// @ts-check
/**
 * What is around every view: the way to the others, how far we can be reached, who asks to be let in,
 * the status line. And what is there instead of a view while there is no engine to show.
 *
 * @import { Child, State, View, ViewName, Visit } from "./types.js"
 */

import { h } from "./dom.js";
import { asking } from "./parts/asking.js";
import { icon, mark } from "./parts/icon.js";
import { prose } from "./parts/prose.js";
import { trouble } from "./trouble.js";
import { reach } from "./words.js";

/** @type {{ view: ViewName, label: string, icon: string, within: ViewName[] }[]} */
const PLACES = [
  { view: "home", label: "Home", icon: "home", within: ["share", "service", "connect"] },
  { view: "peers", label: "Peers", icon: "peers", within: [] },
  { view: "settings", label: "Settings", icon: "settings", within: ["log"] },
];

/** @template F @param {Visit<F>} visit @param {View<F>} view @returns {Child} */
export function frame(visit, view) {
  const { state } = visit;
  const instead = trouble(state, visit.host);
  return [
    h("div", { class: "top", key: "top", hidden: instead !== null },
      h(
        "header",
        { class: "bar", key: "bar" },
        instead === null && h("nav", { class: "nav", "aria-label": "Main" }, PLACES.map((place) => tab(state, place))),
        instead === null && reached(state),
      ),
      instead === null && asking(visit)),
    h(
      "main",
      // Another visit is another page, even of the same view.
      { class: "main", key: instead === null ? `visit ${state.visit}` : "trouble" },
      instead ?? view.render(visit),
    ),
    h("div", { class: "notice-place", role: "status", "aria-live": "polite", key: "notice", "data-testid": "notice" },
      state.notice !== "" && h("p", { class: "notice", key: String(state.notices) }, prose(state.notice))),
  ];
}

/** @param {State} state @param {typeof PLACES[number]} place */
function tab(state, place) {
  const here = state.route.view === place.view;
  const within = here || place.within.includes(state.route.view);
  return h(
    "a",
    {
      class: within ? "tab tab-here" : "tab",
      href: place.view === "home" ? "#/" : `#/${place.view}`,
      "aria-current": here ? "page" : undefined,
      "data-testid": `nav-${place.view}`,
      key: place.view,
    },
    icon(place.icon),
    h("span", null, place.label),
  );
}

/** @param {State} state */
function reached({ status, route }) {
  if (!status) return null;
  const shown = reach(status);
  return h(
    "a",
    {
      class: "reach",
      href: "#/connection",
      title: "Check my connection",
      "aria-current": route.view === "connection" ? "page" : undefined,
      "data-testid": "nav-connection",
    },
    mark(shown.mark),
    h("span", null, shown.words),
  );
}
