import assert from "node:assert/strict";
import { test } from "node:test";
import { shelfOf } from "../../src/live/environment";

function storage() {
  const texts = new Map<string, string>();
  return {
    texts,
    getItem: (name: string) => texts.get(name) ?? null,
    setItem: (name: string, text: string) => void texts.set(name, text),
    removeItem: (name: string) => void texts.delete(name),
  };
}

test("a shelf keeps texts in the browser's storage until they are taken away", () => {
  const stored = storage();
  const shelf = shelfOf(() => stored);
  shelf.write("a", "1");
  assert.equal(shelfOf(() => stored).read("a"), "1");
  shelf.write("a", null);
  assert.deepEqual([shelf.read("a"), stored.texts.size], [null, 0]);
});

test("in a browser that refuses to keep, or is full, it keeps them while the page is open", () => {
  const full = {
    ...storage(),
    setItem: () => {
      throw new Error("full");
    },
  };
  const forbidden = () => {
    throw new Error("denied");
  };
  for (const place of [() => full, forbidden]) {
    const shelf = shelfOf(place);
    assert.equal(shelf.read("a"), null);
    shelf.write("a", "1");
    assert.equal(shelf.read("a"), "1");
    shelf.write("a", null);
    assert.equal(shelf.read("a"), null);
  }
});
