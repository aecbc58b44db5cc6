// @ts-check

import { capital } from "./format.js";

/** What the engine refused: programs branch on `code`, people read `message`. */
export class Refused extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** A sentence for whatever was thrown. @param {unknown} thrown @returns {string} */
export function wordsOf(thrown) {
  return capital(thrown instanceof Error ? thrown.message : String(thrown));
}
