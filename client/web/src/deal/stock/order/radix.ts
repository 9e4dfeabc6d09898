// Sorts places by numbers without comparing two of them: 100,000 take a few milliseconds where a comparing sort takes
// tens. Pure.

const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;
const DIGITS_OF_NUMBER = 4;

/** Returns the places of `keys`, ascending; equal keys by `ties`, and what is equal in both in the order of places. */
export function ordered(
  keys: Float64Array<ArrayBuffer>,
  ties: Float64Array<ArrayBuffer> | null,
): Uint32Array<ArrayBuffer> {
  const places = new Uint32Array(keys.length);
  for (let i = 0; i < places.length; i++) places[i] = i;
  return pass(keys, ties ? pass(ties, places) : places);
}

/** Sorts by one array, digit by digit from the last: what is equal keeps its order. */
function pass(keys: Float64Array<ArrayBuffer>, before: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const digits = sortable(keys);
  let [from, to] = [before, new Uint32Array(before.length)];
  const starts = new Uint32Array(DIGITS);
  for (let digit = 0; digit < DIGITS_OF_NUMBER; digit++) {
    starts.fill(0);
    for (let i = digit; i < digits.length; i += DIGITS_OF_NUMBER) starts[digits[i]!]! += 1;
    // All the same: nothing moves.
    if (keys.length === 0 || starts[digits[digit]!] === keys.length) continue;
    let start = 0;
    for (let value = 0; value < DIGITS; value++) {
      const count = starts[value]!;
      starts[value] = start;
      start += count;
    }
    for (const place of from) {
      const value = digits[place * DIGITS_OF_NUMBER + digit]!;
      to[starts[value]!] = place;
      starts[value]! += 1;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Returns the digits of each number, the last first, so that they are in its order: negative numbers are turned round. */
function sortable(keys: Float64Array<ArrayBuffer>): Uint16Array {
  const halves = new Int32Array(keys.slice().buffer);
  for (let i = 0; i < halves.length; i += 2) {
    const sign = halves[i + 1]! >> 31;
    halves[i] = halves[i]! ^ sign;
    halves[i + 1] = halves[i + 1]! ^ (sign | -2_147_483_648);
  }
  return new Uint16Array(halves.buffer);
}
