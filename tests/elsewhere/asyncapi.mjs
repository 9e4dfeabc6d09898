// Prints what @asyncapi/parser says about documents, as a JSON list: `node asyncapi.mjs FILE ...`.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const parser = new Parser();

async function judge(file) {
  const { document, diagnostics } = await parser.parse(await readFile(file, "utf8"));
  const faults = diagnostics.map(({ code, message, path }) => `${code} at ${path.join("/")}: ${message}`);
  return { parsed: document !== undefined, faults };
}

const found = [];
for (const file of process.argv.slice(2)) found.push(await judge(file));
console.log(JSON.stringify(found));
