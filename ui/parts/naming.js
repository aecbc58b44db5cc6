// @ts-check
/** @import { Acts } from "../types.js" */

import { button } from "./controls.js";

/** The way to give a peer a pet name. @param {Acts} visit @param {string} id52 */
export function naming(visit, id52) {
  return button("Give a name", () => visit.go({ view: "peers", link: id52 }), { testid: "give-name" });
}
