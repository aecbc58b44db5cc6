// @ts-check
/** Numbers, times and keys as people read them. */

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `0 B`, `950 B`, `1.2 kB`, `34 MB`. @param {number} bytes */
export function bytes(bytes) {
  let value = bytes;
  let unit = 0;
  // What would be rounded to four digits belongs to the next unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ""}`;
}

/** @param {number} bytesPerSecond */
export function rate(bytesPerSecond) {
  return `${bytes(bytesPerSecond)}/s`;
}

/** `12 ms`, `0.4 ms`, `1.3 s`. @param {number} ms */
export function millis(ms) {
  if (ms >= 999.5) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 0.95 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(0)} ms`;
}

/** `40 seconds`, `5 minutes`, `2 hours`, `3 days`. @param {number} seconds */
export function span(seconds) {
  if (seconds < 60) return many(Math.max(0, Math.floor(seconds)), "second");
  if (seconds < 3600) return many(Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return many(Math.floor(seconds / 3600), "hour");
  return many(Math.floor(seconds / 86_400), "day");
}

/** @param {number} seconds a time, in seconds since 1970 @param {number} now the same */
export function ago(seconds, now) {
  const passed = now - seconds;
  return passed < 60 ? "just now" : `${span(passed)} ago`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `28 Nov 2026`. @param {number} seconds since 1970 */
export function day(seconds) {
  const date = new Date(seconds * 1000);
  return `${date.getDate()} ${MONTHS[date.getMonth()] ?? ""} ${date.getFullYear()}`;
}

/** `14:03` today, else `28 Nov 2026, 14:03`. @param {number} seconds since 1970 @param {number} now the same */
export function moment(seconds, now) {
  const time = clock(seconds * 1000).slice(0, "14:03".length);
  return day(seconds) === day(now) ? time : `${day(seconds)}, ${time}`;
}

/** `14:03:22`. @param {number} at milliseconds since 1970 */
export function clock(at) {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** `1 peer`, `2 peers`. @param {number} count @param {string} noun */
export function many(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A key that fits in a line: both ends, so that two are told apart. @param {string} id52 */
export function short(id52) {
  return id52.length > 16 ? `${id52.slice(0, 6)}…${id52.slice(-4)}` : id52;
}

/** As the first word of a sentence. @param {string} text */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
