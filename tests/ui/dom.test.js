// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { blankPage } from "./page.js";

const page = blankPage();
const { h, patch } = await import("../../ui/dom.js");

function place() {
  const root = page.document.createElement("div");
  page.document.body.append(root);
  return root;
}

test("an element stays the same while its place and tag stay", () => {
  const root = place();
  patch(root, h("p", null, "1 B/s"));
  const before = root.firstChild;
  const text = before?.firstChild;
  patch(root, h("p", { class: "flow" }, "2 B/s"));
  assert.equal(root.firstChild, before);
  assert.equal(before?.firstChild, text);
  assert.equal(root.textContent, "2 B/s");
});

test("keyed elements move with their key and keep focus", () => {
  const root = place();
  /** @param {string[]} names */
  const list = (names) => h("ul", null, names.map((name) => h("li", { key: name }, h("button", { id: name }, name))));
  patch(root, list(["a", "b", "c"]));
  const b = root.querySelector("#b");
  if (b instanceof HTMLElement) b.focus();
  patch(root, list(["b", "c"]));
  assert.equal(root.querySelector("#b"), b);
  assert.equal(page.document.activeElement, b, "removing another does not take the focus");
  patch(root, list(["new", "b", "c"]));
  assert.equal(page.document.activeElement, b, "nor does adding one");
  assert.deepEqual([...root.querySelectorAll("li")].map((item) => item.textContent), ["new", "b", "c"]);
});

test("what is not there leaves its neighbours alone", () => {
  const root = place();
  patch(root, [false, h("input", { value: "x" })]);
  const input = root.querySelector("input");
  patch(root, [h("p", null, "hello"), h("input", { value: "x" })]);
  assert.equal(root.querySelector("input"), input);
});

test("what a user is typing is not set again", () => {
  const root = place();
  patch(root, h("input", { value: "ab" }));
  const input = /** @type {HTMLInputElement} */ (root.querySelector("input"));
  input.value = "abc";
  patch(root, h("input", { value: "abc" }));
  assert.equal(input.value, "abc");
  patch(root, h("input", { value: "" }));
  assert.equal(input.value, "", "a cleared form clears the field");
});

test("attributes come and go, and false is a value for aria", () => {
  const root = place();
  patch(root, h("a", { title: "t", "aria-busy": false, hidden: true }));
  const a = /** @type {HTMLElement} */ (root.firstElementChild);
  assert.equal(a.getAttribute("aria-busy"), "false");
  assert.equal(a.hidden, true);
  patch(root, h("a", {}));
  assert.equal(a.hasAttribute("title"), false);
  assert.equal(a.hidden, false);
});

test("text from others is text", () => {
  const root = place();
  patch(root, h("p", null, "<img src=x onerror=alert(1)>"));
  assert.equal(root.querySelector("img"), null);
});

test("an old handler does not stay behind", () => {
  const root = place();
  let clicks = 0;
  patch(root, h("button", { onclick: () => (clicks += 1) }));
  patch(root, h("button", { onclick: () => (clicks += 10) }));
  root.querySelector("button")?.click();
  patch(root, h("button", {}));
  root.querySelector("button")?.click();
  assert.equal(clicks, 10);
});

test("icons are drawn as SVG", () => {
  const root = place();
  patch(root, h("svg", { viewBox: "0 0 1 1" }, h("path", { d: "M0 0" })));
  assert.equal(root.querySelector("path")?.namespaceURI, "http://www.w3.org/2000/svg");
});
