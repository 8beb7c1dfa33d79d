// Bundles the extension (dist/extension.js), the view (dist/view.js, dist/view.css) and, with
// --tests, the tests (build/test). Types are tsc's business: `npm run check`.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, context } from "esbuild";

const given = new Set(process.argv.slice(2));
const production = given.has("--production");

const bundled = {
  bundle: true,
  target: "es2022",
  sourcemap: production ? false : "linked",
  minify: production,
  logLevel: "warning",
};
const node = { ...bundled, platform: "node", format: "cjs", external: ["vscode"] };

const host = { ...node, entryPoints: ["src/host/extension.ts"], outfile: "dist/extension.js" };
const view = {
  ...bundled,
  platform: "browser",
  format: "iife",
  entryPoints: ["src/webview/view.ts", "src/webview/view.css"],
  outdir: "dist",
};
const tests = () => ({
  ...node,
  external: ["playwright-core"],
  entryPoints: ["test/unit", "test/e2e"].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => join(folder, name)),
  ),
  outbase: "test",
  outdir: "build/test",
});

if (given.has("--watch")) {
  const contexts = await Promise.all([context(host), context(view)]);
  await Promise.all(contexts.map((each) => each.watch()));
} else {
  if (given.has("--tests")) rmSync("build", { recursive: true, force: true });
  const bundles = given.has("--tests") ? [host, view, tests()] : [host, view];
  if (production) rmSync("dist", { recursive: true, force: true });
  await Promise.all(bundles.map((each) => build(each)));
}
