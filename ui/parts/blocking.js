// @ts-check
/**
 * Blocking a peer, which is asked about first.
 *
 * @import { Acts, Child } from "../types.js"
 */

import { h } from "../dom.js";
import { wordsOf } from "../refused.js";
import { nameOf } from "../words.js";
import { button } from "./controls.js";
import { dialog } from "./dialog.js";

/** The question about whoever is to be blocked; nothing while that is nobody. @param {Acts} visit @returns {Child} */
export function blockDialog(visit) {
  const { blocking } = visit.state.asking;
  if (blocking === "") return null;
  const who = nameOf(visit.state.status?.peers ?? [], blocking);
  const close = () => visit.asking({ blocking: "" });
  return dialog({ title: `Block ${who}?`, close, testid: "block-dialog" },
    h("p", null, "They are refused everything from here on and do not hear of it. What they have open is cut. Under Peers you can let them ask again."),
    button("Block", (event) => void confirmed(visit, event, blocking), { kind: "danger", key: "block", testid: "confirm-block" }));
}

/** @param {Acts} visit @param {Event} event @param {string} peer */
async function confirmed(visit, event, peer) {
  const { currentTarget: pressed } = event;
  const place = pressed instanceof Element ? pressed.closest(".asking") : null;
  const hasCard = visit.state.status?.requests.some((each) => each.peer === peer);
  visit.asking({ blocking: "" });
  if (await block(visit, peer, true) && hasCard && place instanceof HTMLElement) place.focus();
}

/** Refuses a peer everything, or no more. @param {Acts} visit @param {string} peer @param {boolean} blocked */
export async function block(visit, peer, blocked) {
  const who = nameOf(visit.state.status?.peers ?? [], peer);
  try {
    await visit.ask({ request: "block", peer, blocked }, "done");
    visit.say(blocked ? `${who} is blocked` : `${who} is no longer blocked`);
    return true;
  } catch (thrown) {
    visit.say(wordsOf(thrown));
    return false;
  }
}
