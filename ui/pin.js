// @ts-check
/**
 * The PIN of an invite: it comes by other means than the link, and is put into it before the link is
 * used, in front of the `~` that says that one is wanted.
 */

const DIGITS = 6;

/** The digits of what was typed, which may be `123 456` or `123-456`. @param {string} text */
export function pinOf(text) {
  return text.replace(/[\s-]/g, "");
}

/** @param {string} text @returns {import("./input.js").Problem} */
export function pinProblem(text) {
  return new RegExp(`^[0-9]{${DIGITS}}$`).test(pinOf(text)) ? "" : `The PIN has ${DIGITS} digits. Whoever sent the link knows it.`;
}

/** The same link with the PIN in it. @param {string} link @param {string} text */
export function withPin(link, text) {
  const [rest = "", fragment] = cut(link, "#");
  const [path = "", query] = cut(rest, "?");
  if (query === undefined) return link;
  const parts = query.split("&").map((part) => pinned(part, pinOf(text)));
  return `${path}?${parts.join("&")}${fragment === undefined ? "" : `#${fragment}`}`;
}

/** One `key=value` of the query; only an invite that wants a PIN is changed. @param {string} part @param {string} pin */
function pinned(part, pin) {
  const [key = "", value = ""] = cut(part, "=");
  const invite = decoded(value);
  if (decoded(key) !== "k" || !invite.startsWith("~")) return part;
  return `k=${pin}~${encodeURIComponent(invite.slice(1))}`;
}

/** What is before the first mark, and what is after it. @param {string} text @param {string} mark @returns {[string, string?]} */
function cut(text, mark) {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** As queries are read: `+` is a space. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
