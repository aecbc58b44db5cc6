// @ts-check
/**
 * Serves the window with a fake host: `npm run fake`, then open the address it prints.
 * `?data=empty|full|asked|starting|asks|failed|expired|gone` chooses what it shows, `&host=desktop` the host.
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SERVED = ["/ui/", "/tests/ui/"];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
  try {
    if (!SERVED.some((folder) => path.startsWith(folder))) throw new Error("not served");
    const body = path === "/ui/" ? await page() : await readFile(join(ROOT, path));
    const type = TYPES[/** @type {keyof typeof TYPES} */ (path === "/ui/" ? ".html" : extname(path))] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": `${type}; charset=utf-8`, "content-security-policy": POLICY, "cache-control": "no-store" });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});

/** The real page, begun with the fake host. */
async function page() {
  const text = await readFile(join(ROOT, "ui/index.html"), "utf8");
  return text.replace('src="main.js"', 'src="/tests/ui/fake/main.js"');
}

server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") process.stdout.write(`http://127.0.0.1:${address.port}/ui/?data=full\n`);
});
