// @ts-check
import { App } from "./app.js";
import { chooseHost } from "./host.js";

await new App(chooseHost(), window).start();
