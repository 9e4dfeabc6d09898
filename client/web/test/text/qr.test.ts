import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { qrCode, qrPath } from "../../src/text/qr";

const LINK = `https://desk.example/offer#${"abcdefghijklmnopqrstuvwxyz0123456789_-ABCDE".repeat(8)}`;
const drawn = (length: number) =>
  qrCode(LINK.slice(0, length))
    .map((row) => row.map(Number).join(""))
    .join("\n");
const digest = (length: number) => createHash("sha256").update(drawn(length)).digest("hex").slice(0, 16);

// An independent reader (ZXing) read every length from 1 to 362 when these were written.
const READ: Record<number, string> = {
  "1": "848f621f7ecfca7e",
  "14": "e8de2fc9e0e43c55",
  "42": "00e47f3d52a2d1bb",
  "70": "3827ba0a2e94d88a",
  "100": "1e0c53f472e437bc",
  "122": "3c7a381a26abfd70",
  "152": "afd0d1fd9b07cdfd",
  "180": "c7d9a5907d0ba15b",
  "213": "7a9bf30297d08cec",
  "251": "6945e6f668c06c93",
  "287": "e6c25eeda455783d",
  "331": "2b7fb1bcf6f6a7ff",
  "362": "55cc753118978e83",
};

test("codes are as an independent reader read them, of every size that links have", () => {
  for (const [length, expected] of Object.entries(READ)) assert.equal(digest(Number(length)), expected, length);
});

test("the size follows the length, and too long a text is refused", () => {
  const sizes = [14, 15, 42, 43, 70, 180, 181, 362].map((length) => qrCode(LINK.slice(0, length)).length);
  assert.deepEqual(sizes, [21, 25, 29, 33, 37, 53, 57, 73]);
  assert.throws(() => qrCode(LINK.slice(0, 363)), RangeError);
});

test("a path has one square for each dark module", () => {
  assert.equal(
    qrPath([
      [true, false],
      [false, true],
    ]),
    "M0 0h1v1h-1zM1 1h1v1h-1z",
  );
});
