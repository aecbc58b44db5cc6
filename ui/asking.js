// @ts-check
/**
 * What becomes of those who ask to be let in, as far as the window is concerned; pure.
 *
 * Whoever asks decides when it is shown, so a card that has just come or moved takes no answer for a
 * moment: a press that was meant for what was there before lets nobody in.
 *
 * @import { AccessRequest } from "./generated/api.js"
 * @import { Asking, State } from "./types.js"
 */

/** How long a card is only shown. */
export const HELD_MS = 500;

/** @type {Asking} */
export const NOBODY = { keys: [], held: [], blocking: "" };

/** Names a card. @param {AccessRequest} request */
export function keyOf({ peer, service }) {
  return `${peer} ${service}`;
}

/** Whatever is where it was before can be answered at once. @param {Asking} before @param {AccessRequest[]} requests @returns {Asking} */
export function askingWith(before, requests) {
  const keys = requests.map(keyOf);
  const first = keys.findIndex((key, place) => key !== before.keys[place]);
  if (first === -1 && keys.length === before.keys.length) return before;
  const moved = first === -1 ? [] : keys.slice(first);
  const held = before.held.filter((key) => keys.includes(key) && !moved.includes(key));
  return { ...before, keys, held: [...held, ...moved] };
}

/** Seconds for which somebody goes on waiting. @param {State} state @param {AccessRequest} request */
export function leftOf({ told, now }, { waits_secs: waits }) {
  return waits === undefined ? 0 : Math.max(0, Math.ceil((told + waits * 1000 - now) / 1000));
}

/** Whether somebody waits, so that time has to be seen to pass. @param {State} state */
export function isWaiting(state) {
  return state.status?.requests.some((request) => leftOf(state, request) > 0) ?? false;
}
