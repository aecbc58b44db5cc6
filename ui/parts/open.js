// @ts-check
/**
 * @import { BridgeStatus } from "../generated/api.js"
 * @import { Acts, Child } from "../types.js"
 */

import { h } from "../dom.js";
import { wordsOf } from "../refused.js";
import { button, iconButton } from "./controls.js";
import { icon } from "./icon.js";

/** The way to a bridge's web page; the desktop opens its browser, a browser a new tab. @param {Acts} visit @param {BridgeStatus} bridge @param {boolean} [big] @returns {Child} */
export function openBridge(visit, bridge, big = false) {
  if (bridge.protocol !== "http" || bridge.url === "") return null;
  const label = `Open ${bridge.name}`;
  if (visit.host.kind === "desktop") {
    const onclick = () => void open(visit, bridge.name);
    return big
      ? button("Open in browser", onclick, { kind: "main", icon: "open", testid: "open" })
      : iconButton("open", label, onclick, "open");
  }
  return h(
    "a",
    {
      class: big ? "button button-main" : "icon-button",
      href: bridge.url,
      target: "_blank",
      rel: "noreferrer",
      "aria-label": big ? undefined : label,
      title: big ? undefined : label,
      "data-testid": "open",
    },
    icon("open"),
    big && h("span", null, "Open in browser"),
  );
}

/** @param {Acts} visit @param {string} name */
async function open(visit, name) {
  try {
    await visit.host.open({ open: "bridge", name });
  } catch (thrown) {
    visit.say(wordsOf(thrown));
  }
}
