// Builds dist/app of the staff with its parts, dist/offer of their customers and dist/gallery, each a script and a
// sheet; with --maps or DEAL_MAPS=1 source maps beside them, with --watch again at each change, with --tests [NAME] the
// unit tests instead.
import { readdir, rm } from "node:fs/promises";
import { build, context } from "esbuild";
import { besideTheApp, pack, writeJoined } from "./build/parts.mjs";

const maps = process.argv.includes("--maps") || process.env.DEAL_MAPS === "1";

const common = {
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  // As tsconfig.json has them: fields that are set in the constructor are not declared besides, 260 bytes.
  // Calls of `h` are a hundredth smaller, compressed, than those of the automatic runtime, which the types are checked for.
  tsconfigRaw: { compilerOptions: { jsx: "react", useDefineForClassFields: false } },
  jsxFactory: "h",
  jsxFragment: "Fragment",
  inject: ["src/jsx.ts"],
  // The page preloads the font by its name.
  loader: { ".woff2": "file" },
  assetNames: "[name]",
  legalComments: "none",
  logLevel: "info",
};

/** The staff's script, with the parts of managers. The customer's page and the gallery share nothing with it. */
const app = {
  ...common,
  entryPoints: { app: "src/main.tsx", managers: "src/styles/managers.css" },
  splitting: true,
  chunkNames: "app/[name]-[hash]",
  plugins: [besideTheApp("./src/main.tsx")],
};
const pages = [
  { ...common, entryPoints: { gallery: "src/gallery/main.tsx" } },
  { ...common, entryPoints: { offer: "src/offer/main.tsx" } },
];

/** The unit tests as one script: a process of its own for each of 50 files took three times as long. */
async function tests(wanted) {
  const files = (await readdir("test", { recursive: true })).filter((file) => file.endsWith(`${wanted}.test.ts`));
  return {
    stdin: { contents: files.map((file) => `import "./test/${file}";`).join("\n"), resolveDir: "." },
    outfile: `node_modules/.cache/tests/${wanted || "all"}.mjs`,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  };
}

const at = process.argv.indexOf("--tests");
if (at >= 0) {
  await build(await tests(process.argv[at + 1] ?? ""));
} else if (process.argv.includes("--watch")) {
  const watched = [app, ...pages].map((page) => context({ ...page, minify: false, sourcemap: true }));
  await Promise.all(watched.map(async (page) => (await page).watch()));
} else {
  // A build without maps leaves none of an older one: they would be of other code.
  const old = maps ? [] : (await readdir("dist").catch(() => [])).filter((name) => name.endsWith(".map"));
  await Promise.all(old.map((name) => rm(`dist/${name}`)));
  // Parts have their content in their names: those of an older build are nobody's.
  await rm("dist/app", { recursive: true, force: true });
  await Promise.all(pages.map((page) => build({ ...page, sourcemap: maps })));
  await writeJoined(await build({ ...app, sourcemap: maps, metafile: true, write: false }), "app.js");
  const loaded = await readdir("dist", { recursive: true });
  await pack(
    "dist",
    loaded.filter((name) => /^(?!gallery).*\.(js|css)$/.test(name)),
  );
}
