// @ts-check
/**
 * Giving a peer a pet name.
 *
 * @import { Acts } from "../types.js"
 */

import { petNameProblem } from "../input.js";
import { wordsOf } from "../refused.js";
import { button, field, form } from "./controls.js";

/** What a view's form has for it. @typedef {{ petName: string, petProblem: string }} PetName */

/**
 * @param {Acts} visit
 * @param {string} id52
 * @param {PetName} it
 * @param {(patch: PetName) => void} set
 */
export function petNameForm(visit, id52, it, set) {
  return form(() => void give(visit, id52, it.petName, set), { class: "form", key: "pet-name", "aria-label": "Give this peer a name" },
    field({
      id: "pet-name", label: "Pet name", value: it.petName, placeholder: "alice", error: it.petProblem, testid: "pet-name",
      change: (petName) => set({ petName, petProblem: "" }),
      beside: button("Save", () => {}, { submit: true, testid: "save-pet-name" }),
    }));
}

/** @param {Acts} visit @param {string} id52 @param {string} name @param {(patch: PetName) => void} set */
async function give(visit, id52, name, set) {
  const petName = name.trim();
  const wrong = petNameProblem(petName);
  if (wrong !== "") {
    set({ petName, petProblem: wrong });
    return;
  }
  try {
    await visit.ask({ request: "peer-add", name: petName, id52 }, "done");
    set({ petName: "", petProblem: "" });
    visit.say(`The peer is called ${petName}`);
  } catch (thrown) {
    set({ petName, petProblem: wordsOf(thrown) });
  }
}
