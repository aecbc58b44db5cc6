// @ts-check
/**
 * The local address that leads to the service, and a name for a peer that has none.
 *
 * @import { Visit } from "../../types.js"
 * @import { BridgeStatus } from "../../generated/api.js"
 * @import { ConnectForm } from "../connect.js"
 */

import { h } from "../../dom.js";
import { button } from "../../parts/controls.js";
import { heading, section } from "../../parts/heading.js";
import { openBridge } from "../../parts/open.js";
import { petNameForm } from "../../parts/petname.js";
import { copyable, note, state } from "../../parts/shown.js";
import { bridgeState } from "../../words.js";

/** @param {Visit<ConnectForm>} visit @param {BridgeStatus} opened */
export function result(visit, opened) {
  const status = visit.state.status;
  const bridge = status?.bridges.find((each) => each.name === opened.name) ?? opened;
  const address = bridge.url || bridge.local;
  const peer = bridge.peer ?? visit.form.target?.peer;
  const named = status?.peers.some((each) => each.id52 === peer && each.name !== undefined);
  return [
    heading(`${bridge.name} is here`, { focus: true, back: () => visit.go({ view: "home" }), under: h("p", { class: "facts" }, state(bridgeState(bridge))) }),
    bridge.error !== undefined && note("bad", bridge.error),
    section("On this machine", { key: "address" },
      copyable(visit, address, "", "address"),
      bridge.named_url !== undefined && copyable(visit, bridge.named_url, "the address with its name", "named-address"),
      h("p", { class: "hint" }, "Every user of this machine can open it."),
      h("div", { class: "form-acts" },
        openBridge(visit, bridge, true),
        button("Copy address", () => visit.copy(address, "Address copied"), { icon: "copy", testid: "copy-address" }))),
    peer !== undefined && !named && section("Call this peer", { key: "naming", testid: "naming" },
      h("p", { class: "hint" }, visit.form.suggested === ""
        ? "Then you recognise it the next time, and can share with it."
        : "Its owner suggests this name; call it as you like. Then you recognise it the next time."),
      petNameForm(visit, peer, visit.form, visit.set)),
  ];
}
