// @ts-check
/** @import { View, ViewName } from "./types.js" */

import { connect } from "./views/connect.js";
import { connection } from "./views/connection.js";
import { home } from "./views/home.js";
import { log } from "./views/log.js";
import { peers } from "./views/peers.js";
import { service } from "./views/service.js";
import { settings } from "./views/settings.js";
import { share } from "./views/share.js";

// Each view is only ever given the form that it began itself.
/** @type {Record<ViewName, View<object>>} */
const VIEWS = { home, share, service, connect, peers, settings, connection, log };

/** @param {ViewName} name @returns {View<object>} */
export function viewOf(name) {
  return VIEWS[name];
}
