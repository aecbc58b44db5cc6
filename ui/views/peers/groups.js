// @ts-check
/**
 * Groups of peers, made and changed in place.
 *
 * @import { GroupStatus, Status } from "../../generated/api.js"
 * @import { Visit } from "../../types.js"
 * @import { PeersForm } from "../peers.js"
 */

import { h } from "../../dom.js";
import { nameProblem } from "../../input.js";
import { wordsOf } from "../../refused.js";
import { memberWords } from "../../words.js";
import { button, field, form, iconButton, problem } from "../../parts/controls.js";
import { dialog } from "../../parts/dialog.js";
import { section } from "../../parts/heading.js";
import { people } from "../../parts/people.js";

/** @param {Visit<PeersForm>} visit @param {Status} status */
export function groups(visit, status) {
  const { group } = visit.form;
  const fresh = () => visit.set({ group: { name: "", members: [], isNew: true }, problems: {} });
  return section("Groups", { key: "groups", testid: "groups", aside: group ? null : button("New group", fresh, { icon: "add", testid: "new-group" }) },
    status.groups.length === 0 && !group && h("p", { class: "hint", key: "none" }, "A group is a quick way to share with several peers at once."),
    status.groups.length > 0 && h("ul", { class: "list list-small", key: "list" }, status.groups.map((each) => row(visit, status, each))),
    group && editing(visit, status, group),
    removal(visit));
}

/** @param {Visit<PeersForm>} visit @param {Status} status @param {GroupStatus} group */
function row(visit, status, { name, members }) {
  return h("li", { class: "row", key: name, "data-testid": `group-${name}` },
    h("div", { class: "row-what" },
      h("span", { class: "row-name" }, name),
      h("span", { class: "row-where" }, members.map((member) => memberWords(status.peers, member)).join(", ") || "no members")),
    h("div", { class: "row-acts" },
      button("Edit", () => visit.set({ group: { name, members, isNew: false }, problems: {} }), { label: `Edit the group ${name}`, testid: "edit-group" }),
      iconButton("remove", `Remove the group ${name}`, () => visit.set({ removingGroup: name }), "remove-group")));
}

/** @param {Visit<PeersForm>} visit @param {Status} status @param {NonNullable<PeersForm["group"]>} group */
function editing(visit, status, group) {
  const close = () => visit.set({ group: null, problems: {} });
  return form(() => void save(visit, status, group), { class: "form card", key: "editing", "data-testid": "group-form", "aria-label": "Group" },
    group.isNew
      ? field({ id: "group-name", label: "Name of the group", value: group.name, placeholder: "team", error: visit.form.problems.name, focus: true, testid: "group-name", change: (name) => visit.set({ group: { ...group, name }, problems: {} }) })
      : h("h3", { class: "card-title", key: `name ${group.name}`, tabindex: "-1", focus: true }, group.name),
    people(status, group.members, (members) => visit.set({ group: { ...group, members } }), { except: group.name }),
    problem("group", visit.form.problems.group),
    h("div", { class: "form-acts" },
      button("Save group", () => {}, { kind: "main", submit: true, testid: "save-group" }),
      button("Cancel", close, { testid: "cancel-group" })));
}

/** @param {Visit<PeersForm>} visit @param {Status} status @param {NonNullable<PeersForm["group"]>} group */
async function save(visit, status, { name: typed, members, isNew }) {
  const name = typed.trim();
  const taken = isNew && status.groups.some((each) => each.name === name);
  const wrong = nameProblem(name) || (taken ? "There is a group with this name already." : "");
  if (wrong !== "") {
    visit.set({ problems: { name: wrong } });
    return;
  }
  try {
    await visit.ask({ request: "group-put", name, members }, "done");
    visit.set({ group: null, problems: {} });
    visit.say(`The group ${name} is saved`);
  } catch (thrown) {
    visit.set({ problems: { group: wordsOf(thrown) } });
  }
}

/** @param {Visit<PeersForm>} visit */
function removal(visit) {
  const { removingGroup: name } = visit.form;
  if (name === "") return null;
  const close = () => visit.set({ removingGroup: "" });
  const remove = async () => {
    close();
    try {
      await visit.ask({ request: "group-remove", name }, "done");
      visit.say(`The group ${name} is removed`);
    } catch (thrown) {
      visit.say(wordsOf(thrown));
    }
  };
  return dialog({ title: `Remove the group ${name}?`, close, testid: "remove-group-dialog" },
    h("p", null, "Its members stay; only the group goes."),
    button("Remove", () => void remove(), { kind: "danger", key: "remove", testid: "confirm-remove-group" }));
}
