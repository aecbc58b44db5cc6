// @ts-check
/**
 * Buttons and fields, each with its label, its hint and its error beside it.
 *
 * @import { Child, Props, VNode } from "../types.js"
 */

import { h } from "../dom.js";
import { icon } from "./icon.js";
import { prose } from "./prose.js";

/**
 * @param {Child} label
 * @param {(event: Event) => void} onclick
 * @param {{ icon?: string, kind?: "main" | "plain" | "danger", busy?: boolean, submit?: boolean, testid?: string, key?: string, label?: string, focus?: boolean, disabled?: boolean }} [options]
 */
export function button(label, onclick, options = {}) {
  return h(
    "button",
    {
      key: options.key,
      class: `button button-${options.kind ?? "plain"}`,
      type: options.submit ? "submit" : "button",
      disabled: options.disabled,
      // Not `disabled`, which would lose the focus; a second press does nothing.
      "aria-disabled": options.busy ? "true" : undefined,
      "aria-label": options.label,
      "data-testid": options.testid,
      focus: options.focus,
      onclick: options.busy ? (/** @type {Event} */ event) => event.preventDefault() : onclick,
    },
    options.icon && icon(options.icon),
    h("span", null, label),
  );
}

/** A button that is only an icon; `label` says what it does. @param {string} name @param {string} label @param {() => void} onclick @param {string} [testid] */
export function iconButton(name, label, onclick, testid) {
  return h(
    "button",
    { class: "icon-button", type: "button", "aria-label": label, title: label, "data-testid": testid, onclick },
    icon(name),
  );
}

/** @param {Child} label @param {string} href @param {string} [name] an icon @param {Props} [props] */
export function link(label, href, name, props) {
  return h("a", { class: "link", href, ...props }, name && icon(name), h("span", null, label));
}

/**
 * A line of text to type.
 * @param {object} field
 * @param {string} field.id unique on the page, for label and error
 * @param {string} field.label
 * @param {string} field.value
 * @param {(value: string) => void} field.change
 * @param {string} [field.hint]
 * @param {string} [field.error]
 * @param {string} [field.placeholder]
 * @param {"numeric" | "url" | "text"} [field.keys]
 * @param {boolean} [field.focus]
 * @param {boolean} [field.code]
 * @param {boolean} [field.secret] whether it is shown as dots
 * @param {string} [field.testid]
 * @param {Child} [field.beside]
 */
export function field({ id, label, value, change, hint, error, placeholder, keys, focus, code, secret, testid, beside }) {
  const about = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return h(
    "div",
    { class: "field", key: id },
    h("label", { class: "field-label", for: id }, label),
    h(
      "div",
      { class: "field-line" },
      h("input", {
        class: code ? "input code" : "input",
        id,
        type: secret ? "password" : "text",
        value,
        placeholder,
        inputmode: keys ?? "text",
        autocomplete: "off",
        autocapitalize: "none",
        spellcheck: "false",
        focus,
        "aria-invalid": error ? "true" : undefined,
        "aria-describedby": about || undefined,
        "data-testid": testid,
        oninput: (/** @type {InputEvent} */ event) => change(valueOf(event)),
      }),
      beside,
    ),
    problem(id, error),
    hint && h("p", { class: "hint", id: `${id}-hint`, key: "hint" }, hint),
  );
}

/**
 * One of several, of which only the chosen one is shown.
 * @param {object} select
 * @param {string} select.id unique on the page, for the label
 * @param {string} select.label
 * @param {string} select.value
 * @param {{ value: string, label: string }[]} select.choices
 * @param {(value: string) => void} select.change
 * @param {string} [select.hint]
 * @param {string} [select.testid]
 */
export function select({ id, label, value, choices, change, hint, testid }) {
  return h("div", { class: "field", key: id },
    h("label", { class: "field-label", for: id }, label),
    h("select", {
      class: "input", id, value, "aria-describedby": hint && `${id}-hint`, "data-testid": testid,
      onchange: (/** @type {Event} */ event) => change(valueOf(event)),
    }, choices.map((each) => h("option", { key: each.value, value: each.value }, each.label))),
    hint && h("p", { class: "hint", id: `${id}-hint`, key: "hint" }, hint));
}

/** What is folded away until it is wanted. @param {string} title @param {...Child} children */
export function more(title, ...children) {
  return h("details", { class: "more", key: "more" },
    h("summary", { class: "more-title" }, icon("next"), h("span", null, title)),
    ...children);
}

/** What is wrong, announced. @param {string} id @param {string | undefined} error */
export function problem(id, error) {
  return h(
    "div",
    { class: "problem-place", role: "alert", key: `${id}-problem` },
    error && h("p", { class: "problem", id: `${id}-error` }, icon("bad"), h("span", null, prose(error))),
  );
}

/**
 * One of several, with a word about each.
 * @template {string} T
 * @param {string} name @param {T} value
 * @param {{ value: T, label: string, hint?: string, below?: Child }[]} choices `below` belongs to one that is chosen
 * @param {(value: T) => void} change
 */
export function choice(name, value, choices, change) {
  return h(
    "div",
    { class: "choices" },
    choices.map((each) => [
      h(
        "label",
        { class: "choice", key: each.value },
        h("input", {
          type: "radio",
          name,
          value: each.value,
          checked: each.value === value,
          "data-testid": `${name}-${each.value}`,
          onchange: () => change(each.value),
        }),
        h("span", { class: "choice-words" }, each.label, each.hint && h("span", { class: "hint" }, each.hint)),
      ),
      each.below && h("div", { class: "inset", key: `below ${each.value}` }, each.below),
    ]),
  );
}

/** @param {string} label @param {boolean} checked @param {(checked: boolean) => void} change @param {{ hint?: string, testid?: string, key?: string, disabled?: boolean }} [options] */
export function tick(label, checked, change, options = {}) {
  return h(
    "label",
    { class: "choice", key: options.key },
    h("input", {
      type: "checkbox",
      checked,
      disabled: options.disabled ?? false,
      "data-testid": options.testid,
      onchange: (/** @type {Event} */ event) => change(checkedOf(event)),
    }),
    h("span", { class: "choice-words" }, label, options.hint && h("span", { class: "hint" }, options.hint)),
  );
}

/** A form whose button or Enter does `submit`. @param {() => void} submit @param {Props} props @param {...Child} children @returns {VNode} */
export function form(submit, props, ...children) {
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    submit();
  };
  return h("form", { novalidate: true, autocomplete: "off", onsubmit, ...props }, ...children);
}

/** @param {Event} event */
function valueOf(event) {
  const { target } = event;
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.value : "";
}

/** @param {Event} event */
function checkedOf(event) {
  return event.target instanceof HTMLInputElement && event.target.checked;
}
