// @ts-check
/**
 * Peers on the same network that want to be seen, as they come and go.
 *
 * @import { Visit } from "../../types.js"
 * @import { ConnectForm } from "../connect.js"
 */

import { h } from "../../dom.js";
import { short } from "../../format.js";
import { section } from "../../parts/heading.js";
import { Refused, wordsOf } from "../../refused.js";
import { read } from "./asking.js";

const EVERY_MS = 2000;

/** @param {Visit<ConnectForm>} visit */
export async function followNearby(visit) {
  try {
    const { peers } = await visit.ask({ request: "nearby" }, "nearby");
    visit.set({ nearby: peers });
  } catch (thrown) {
    // An engine of another version knows nobody nearby, and one that ends is told of elsewhere.
    if (!(thrown instanceof Refused)) visit.say(wordsOf(thrown));
  }
  visit.later(EVERY_MS, () => void followNearby(visit));
}

/** @param {Visit<ConnectForm>} visit */
export function nearby(visit) {
  const { nearby: peers } = visit.form;
  if (peers.length === 0) return null;
  return section("On this network", { key: "nearby", testid: "nearby" },
    h("ul", { class: "tiles" }, peers.map(({ id52, name, suggested_name: suggested }) => h("li", { key: id52 },
      h("button", {
        class: "tile", type: "button", title: id52, "data-testid": `nearby-${name ?? suggested ?? id52}`,
        onclick: () => {
          visit.set({ link: id52, problems: {} });
          void read(visit, true);
        },
      },
        h("span", { class: "tile-title" }, name ?? suggested ?? short(id52)),
        h("span", { class: "hint" }, name === undefined ? `new to you · ${short(id52)}` : "you know them"))))));
}
