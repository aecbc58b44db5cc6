// @ts-check
/**
 * What people type, held against its rules before the engine is asked; the engine has the last word.
 */

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const ID52 = /^[0-9a-v]{51}[0g]$/;

/** What is wrong, in words, or `""`. @typedef {string} Problem */

/** A port, `host:port` or URL to share. @param {string} text @returns {Problem} */
export function upstreamProblem(text) {
  const trimmed = text.trim();
  if (trimmed === "") return "Type the port your server listens on, for example 3000.";
  if (/^\d+$/.test(trimmed)) return portProblem(trimmed);
  if (/^[^\s/:]+:\d+$/.test(trimmed)) return portProblem(trimmed.slice(trimmed.indexOf(":") + 1));
  if (/^(https?|h2c):\/\/\S+$/.test(trimmed) || /^unix:\/\S+$/.test(trimmed)) return "";
  return "That is neither a port, such as 3000, nor an address, such as localhost:3000.";
}

/** @param {string} text @returns {Problem} */
export function portProblem(text) {
  const port = Number(text.trim());
  const valid = /^\d{1,5}$/.test(text.trim()) && port >= 1 && port <= 65535;
  return valid ? "" : "A port is a number from 1 to 65535.";
}

/** Likewise, where none means: any free one. @param {string} text @returns {Problem} */
export function optionalPortProblem(text) {
  return text.trim() === "" ? "" : portProblem(text);
}

/** What a service is, in a line. @param {string} text @returns {Problem} */
export function descriptionProblem(text) {
  return [...text].length > 200 ? "Use at most 200 characters." : "";
}

/** The name of a service or group. @param {string} text @returns {Problem} */
export function nameProblem(text) {
  if (!NAME.test(text)) return "Use small letters, digits and dashes, for example my-shop.";
  if (text === "localhost" || text === "anyone") return "That word means something else; choose another.";
  return "";
}

/** @param {string} text @returns {Problem} */
export function petNameProblem(text) {
  if (text.length >= 48 && text.length <= 56) return "Choose a shorter name; this could be an id52.";
  return nameProblem(text);
}

/** @param {string} text @returns {Problem} */
export function id52Problem(text) {
  return ID52.test(text.trim()) ? "" : "An id52 has 52 characters: digits and the letters a to v.";
}

/** What can be opened: a link, `peer/service`, `id52/service`, an id52 or a pet name. @param {string} text @returns {Problem} */
export function linkProblem(text) {
  const trimmed = text.trim();
  if (trimmed === "") return "Paste a link that somebody sent you.";
  if (/\s/.test(trimmed)) return "A link has no spaces in it.";
  if (/^https?:/.test(trimmed)) return "That is a web address; a link begins with malai://.";
  return "";
}

/** An absolute path of a file. @param {string} text @returns {Problem} */
export function pathProblem(text) {
  const trimmed = text.trim();
  const absolute = trimmed.startsWith("/") || /^[A-Za-z]:[\\/]/.test(trimmed);
  return absolute ? "" : "Write the whole path, for example /home/me/malai.key.";
}

/** @param {string} text @returns {Problem} */
export function relayProblem(text) {
  return /^https?:\/\/[^\s/]+\S*$/.test(text.trim())
    ? ""
    : "A relay is a web address, for example https://relay.example.org.";
}
