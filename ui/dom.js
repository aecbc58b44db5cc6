// @ts-check
/**
 * A small virtual DOM: `h` describes, `patch` changes as little of the page as it takes.
 *
 * An element stays the same element while its key (or place) and tag stay, so that focus, selection
 * and what a screen reader looks at survive every update. Text is only ever set as text.
 *
 * @import { Child, Props, VNode } from "./types.js"
 */

const SVG = "http://www.w3.org/2000/svg";

/** Props that are properties of the element, since their attribute only says the first value. */
const PROPERTIES = new Set(["value", "checked", "disabled", "open", "hidden", "selected"]);

/** Props that `patch` reads itself. */
const OWN = new Set(["key", "modal", "focus"]);

/** @type {WeakMap<Node, Props>} */
const known = new WeakMap();
/** @type {WeakMap<Node, string>} */
const places = new WeakMap();

/**
 * Describes an element.
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {VNode}
 */
export function h(tag, props, ...children) {
  return { tag, props: props ?? {}, children };
}

/**
 * Makes the children of `parent` be as described.
 * @param {Element} parent
 * @param {Child} child
 */
export function patch(parent, child) {
  const wanted = flatten(child, "", []);
  /** @type {Map<string, ChildNode>} */
  const old = new Map();
  for (const node of parent.childNodes) old.set(places.get(node) ?? "", node);

  const nodes = wanted.map(({ place, what }) => {
    const found = old.get(place);
    if (found && fits(found, what)) {
      old.delete(place);
      return found;
    }
    return create(parent, place, what);
  });
  const kept = new Set(nodes);
  for (const node of [...parent.childNodes]) {
    if (!kept.has(node)) remove(node);
  }
  let cursor = parent.firstChild;
  nodes.forEach((node, index) => {
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
    const what = wanted[index]?.what;
    if (typeof what === "string") {
      if (node.nodeValue !== what) node.nodeValue = what;
    } else if (what) update(/** @type {Element} */ (node), what);
  });
}

/**
 * @param {Child} child
 * @param {string} place
 * @param {{ place: string, what: VNode | string }[]} into
 */
function flatten(child, place, into) {
  if (child === null || child === undefined || child === false) return into;
  if (Array.isArray(child)) {
    child.forEach((each, index) => flatten(each, `${place}.${index}`, into));
  } else if (typeof child === "object") {
    const key = child.props["key"];
    const parentPlace = place.slice(0, place.lastIndexOf("."));
    into.push({ place: key === undefined ? place : `${parentPlace}=${String(key)}`, what: child });
  } else into.push({ place, what: String(child) });
  return into;
}

/** @param {Node} node @param {VNode | string} what */
function fits(node, what) {
  if (typeof what === "string") return node.nodeType === Node.TEXT_NODE;
  return node instanceof Element && node.localName === what.tag;
}

/** @param {Element} parent @param {string} place @param {VNode | string} what @returns {ChildNode} */
function create(parent, place, what) {
  const page = parent.ownerDocument;
  /** @type {ChildNode} */
  let node;
  if (typeof what === "string") node = page.createTextNode(what);
  else if (what.tag === "svg" || parent.namespaceURI === SVG) {
    node = page.createElementNS(SVG, what.tag);
  } else node = page.createElement(what.tag);
  places.set(node, place);
  return node;
}

/** @param {ChildNode} node */
function remove(node) {
  // Closing gives the focus back to where it came from.
  if (node instanceof HTMLDialogElement && node.open) node.close();
  node.remove();
}

/** @param {Element} element @param {VNode} what */
function update(element, what) {
  const before = known.get(element);
  const props = what.props;
  for (const name of Object.keys(before ?? {})) {
    if (!(name in props)) set(element, name, undefined);
  }
  // A select takes its value only when its options are there.
  patch(element, what.children);
  for (const [name, value] of Object.entries(props)) {
    if (PROPERTIES.has(name) || before?.[name] !== value) set(element, name, value);
  }
  known.set(element, props);
  if (!before) begin(element, props);
}

/** @param {Element} element @param {Props} props */
function begin(element, props) {
  if (props["modal"] && element instanceof HTMLDialogElement) element.showModal();
  if (props["focus"] && element instanceof HTMLElement) element.focus();
}

/** @param {Element} element @param {string} name @param {unknown} value */
function set(element, name, value) {
  if (OWN.has(name)) return;
  if (name.startsWith("on")) {
    Reflect.set(element, name, value ?? null);
  } else if (PROPERTIES.has(name)) {
    const next = value ?? (name === "value" ? "" : false);
    if (Reflect.get(element, name) !== next) Reflect.set(element, name, next);
  } else if (value === undefined || value === null || (value === false && !name.startsWith("aria-"))) {
    element.removeAttribute(name);
  } else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
}
