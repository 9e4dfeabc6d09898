// One script for what everybody loads, and one for each part that only some do. Left to itself, esbuild makes a chunk of
// each set of modules that some scripts share: what is compressed in three pieces is larger, and comes a trip later.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

/** Makes each part that is imported when it is wanted need the app too: so all that the app has is one chunk. */
export function besideTheApp(entry) {
  return {
    name: "beside-the-app",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\//, namespace: "file" }, ({ kind, path, resolveDir }) =>
        kind === "dynamic-import" ? { path: resolve(resolveDir, path), namespace: "part" } : undefined,
      );
      onLoad({ filter: /./, namespace: "part" }, ({ path }) => ({
        contents: `import ${JSON.stringify(entry)}; export * from ${JSON.stringify(path)};`,
        resolveDir: process.cwd(),
      }));
    },
  };
}

/** Writes the files of a build, with the chunk that an entry consists of in the entry's place, its scripts smaller. */
export async function writeJoined({ outputFiles, metafile: { outputs } }, entry) {
  const to = Object.keys(outputs).find((path) => path.endsWith(`/${entry}`));
  const from = outputs[to].imports.find(({ kind }) => kind === "import-statement").path;
  const placeOf = (path) => (path === from ? to : path);
  const texts = new Map(outputFiles.map(({ path, text }) => [relative(process.cwd(), path), text]));
  for (const { path: whole, contents, text } of outputFiles) {
    const path = relative(process.cwd(), whole);
    if (path.endsWith(".js") && path !== to) {
      await writeScript(placeOf(path), moved(text, path, outputs[path], placeOf), texts.get(`${path}.map`), path);
    } else if (!path.endsWith(".js.map") && !isRepeatedSheet(path, from)) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, contents);
    }
  }
}

/** Whether a file is the sheet of a part: it is the app's, which the page has. */
function isRepeatedSheet(path, chunk) {
  return dirname(path) === dirname(chunk) && /\.css(\.map)?$/.test(path);
}

/** Returns a script's text with the addresses of other scripts as they are from its new place. */
function moved(text, path, { imports }, placeOf) {
  const scripts = new Set(imports.filter(({ external }) => !external).map((each) => each.path));
  return [...scripts].reduce(
    (told, other) => told.replaceAll(`"${address(path, other)}"`, `"${address(placeOf(path), placeOf(other))}"`),
    text,
  );
}

/** Writes a script, and its map if there is one. Terser gives names again to what is out of scope: 3 % of a script. */
async function writeScript(place, text, oldMap, path) {
  const map = oldMap && JSON.parse(oldMap);
  if (map) map.sources = map.sources.map((source) => relative(dirname(place), join(dirname(path), source)));
  const sourceMap = map ? { content: map, url: `${basename(place)}.map` } : false;
  const made = await minify(text, { module: true, ecma: 2022, sourceMap, compress: { passes: 2 } });
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, made.code);
  if (map) await writeFile(`${place}.map`, made.map);
}

/** Returns the address of a file as another one names it. */
function address(path, other) {
  const found = relative(dirname(path), other);
  return found.startsWith(".") ? found : `./${found}`;
}

/** Leaves a compressed copy beside each script and sheet that people load: the server has no time for it. */
export async function pack(folder, names) {
  await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
    }),
  );
}
