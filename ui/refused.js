// @ts-check

/** What the engine refused: programs branch on `code`, people read `message`. */
export class Refused extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** The words for whatever was thrown. @param {unknown} thrown @returns {string} */
export function wordsOf(thrown) {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
