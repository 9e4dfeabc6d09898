// A QR code (ISO/IEC 18004) of a text, drawn by this page itself: bytes, error correction level M. Pure.
// Written here because the smallest package takes 4 KB of the page for sizes and alphabets that no link needs.

/** Error correction codewords of each block at level M, by version from 1. */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24];
/** Blocks at level M, by version from 1. */
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9];
/** Versions up to this one count the bytes of the text in 8 bits, later ones in 16. */
const LAST_SHORT_VERSION = 9;
/** The polynomials of the field of 256 elements, of the format bits and of the version bits. */
const FIELD = 0x11d;
const FORMAT = { polynomial: 0x537, bits: 10, mask: 0x5412 };
const VERSION = { polynomial: 0x1f25, bits: 12, first: 7 };
const PADDING = [0xec, 0x11];
const BYTE_MODE = 4;

/** Rows of modules; true is dark. */
export type Modules = boolean[][];

const MASKS: ((x: number, y: number) => number)[] = [
  (x, y) => (x + y) % 2,
  (_x, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** Returns the smallest QR code of `text`. Raises RangeError beyond about 360 bytes. */
export function qrCode(text: string): Modules {
  const bytes = new TextEncoder().encode(text);
  const version = CORRECTION.findIndex((_, i) => bytes.length + overhead(i + 1) <= dataCodewords(i + 1)) + 1;
  if (version === 0) throw new RangeError(`A text of ${bytes.length} bytes does not fit into a QR code.`);
  const bits = interleaved(filled(bytes, version), version).flatMap((byte) => bitsOf(byte, 8));
  const drawn = MASKS.map((_, mask) => draw(bits, version, mask));
  return drawn.reduce((best, next) => (penalty(next) < penalty(best) ? next : best));
}

/** Returns the dark modules as the data of an SVG path, one unit a module. */
export function qrPath(modules: Modules): string {
  return modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
}

/** Bytes that mode and count take, rounded up. */
function overhead(version: number): number {
  return version <= LAST_SHORT_VERSION ? 2 : 3;
}

function dataCodewords(version: number): number {
  return rawCodewords(version) - CORRECTION[version - 1]! * BLOCKS[version - 1]!;
}

/** Returns how many codewords fit beside the patterns. */
function rawCodewords(version: number): number {
  const aligned = version > 1 ? Math.floor(version / 7) + 2 : 0;
  const patterns = aligned > 0 ? (25 * aligned - 10) * aligned - 55 : 0;
  const modules = (16 * version + 128) * version + 64 - patterns - (version >= VERSION.first ? 36 : 0);
  return Math.floor(modules / 8);
}

function bitsOf(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (value >>> (count - 1 - i)) & 1);
}

/** Returns the codewords of the text: mode, count, bytes, end, padding. */
function filled(bytes: Uint8Array, version: number): number[] {
  const room = dataCodewords(version);
  const count = bitsOf(bytes.length, version <= LAST_SHORT_VERSION ? 8 : 16);
  const bits = [...bitsOf(BYTE_MODE, 4), ...count, ...[...bytes].flatMap((byte) => bitsOf(byte, 8)), 0, 0, 0, 0];
  const words: number[] = [];
  for (let i = 0; i < Math.min(bits.length, room * 8); i += 8) {
    words.push(bits.slice(i, i + 8).reduce((word, bit, place) => word | (bit << (7 - place)), 0));
  }
  for (let i = 0; words.length < room; i++) words.push(PADDING[i % 2]!);
  return words;
}

/** Returns data and error correction, the blocks taking turns. */
function interleaved(words: number[], version: number): number[] {
  const blocks = BLOCKS[version - 1]!;
  const correction = CORRECTION[version - 1]!;
  const short = Math.floor(words.length / blocks);
  const longer = words.length % blocks;
  const generator = generatorOf(correction);
  const data: number[][] = [];
  for (let i = 0, from = 0; i < blocks; i++) {
    const length = short + (i >= blocks - longer ? 1 : 0);
    data.push(words.slice(from, from + length));
    from += length;
  }
  const checks = data.map((block) => remainder(block, generator));
  return [...turns(data, short + 1), ...turns(checks, correction)];
}

function turns(blocks: number[][], longest: number): number[] {
  return Array.from({ length: longest }, (_, i) => blocks.flatMap((block) => block.slice(i, i + 1))).flat();
}

function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >>> 7) * FIELD);
    product ^= ((b >>> bit) & 1) * a;
  }
  return product;
}

/** Returns the coefficients below the highest of the product of (x - 2^i). */
function generatorOf(degree: number): number[] {
  const polynomial = [...Array<number>(degree - 1).fill(0), 1];
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2)) {
    for (let j = 0; j < degree; j++) polynomial[j] = times(polynomial[j]!, root) ^ (polynomial[j + 1] ?? 0);
  }
  return polynomial;
}

function remainder(data: number[], generator: number[]): number[] {
  let rest = generator.map(() => 0);
  for (const word of data) {
    const factor = word ^ rest[0]!;
    rest = generator.map((coefficient, i) => times(coefficient, factor) ^ (rest[i + 1] ?? 0));
  }
  return rest;
}

/** A code under construction: `fixed` are the modules that hold no data. */
class Canvas {
  readonly modules: Modules;
  readonly fixed: Modules;

  constructor(readonly size: number) {
    const blank = () => Array.from({ length: size }, () => Array<boolean>(size).fill(false));
    this.modules = blank();
    this.fixed = blank();
  }

  fix(x: number, y: number, dark: boolean): void {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.modules[y]![x] = dark;
    this.fixed[y]![x] = true;
  }

  /** Draws squares around a centre: those at `light` distance are light. */
  square(x: number, y: number, reach: number, light: readonly number[]): void {
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        this.fix(x + dx, y + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
      }
    }
  }
}

function draw(bits: number[], version: number, mask: number): Modules {
  const canvas = new Canvas(version * 4 + 17);
  patterns(canvas, version);
  formats(canvas, mask, version);
  fill(canvas, bits, MASKS[mask]!);
  return canvas.modules;
}

function patterns(canvas: Canvas, version: number): void {
  const { size } = canvas;
  for (let i = 0; i < size; i++) {
    canvas.fix(6, i, i % 2 === 0);
    canvas.fix(i, 6, i % 2 === 0);
  }
  const places = alignments(version);
  const last = places.length - 1;
  for (const [i, x] of places.entries()) {
    for (const [j, y] of places.entries()) {
      const corner = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
      if (!corner) canvas.square(x, y, 2, [1]);
    }
  }
  for (const [x, y] of [[3, 3] as const, [size - 4, 3] as const, [3, size - 4] as const])
    canvas.square(x, y, 4, [2, 4]);
}

function alignments(version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  const later = Array.from({ length: count - 1 }, (_, i) => version * 4 + 10 - (count - 2 - i) * step);
  return [6, ...later];
}

/** Returns `value` and its check bits (BCH). */
function checked(value: number, { polynomial, bits }: { polynomial: number; bits: number }): number {
  let rest = value;
  for (let i = 0; i < bits; i++) rest = (rest << 1) ^ ((rest >>> (bits - 1)) * polynomial);
  return (value << bits) | rest;
}

function formats(canvas: Canvas, mask: number, version: number): void {
  const { size } = canvas;
  // Level M is 0 in the two bits above the mask.
  const format = checked(mask, FORMAT) ^ FORMAT.mask;
  for (let i = 0; i < 15; i++) {
    const dark = ((format >>> i) & 1) === 1;
    // One copy around the first finder pattern, the other along the two others.
    const place = i < 6 ? i : i < 8 ? i + 1 : i === 8 ? 7 : 14 - i;
    if (i < 8) canvas.fix(8, place, dark);
    else canvas.fix(place, 8, dark);
    if (i < 8) canvas.fix(size - 1 - i, 8, dark);
    else canvas.fix(8, size - 15 + i, dark);
  }
  canvas.fix(8, size - 8, true);
  if (version < VERSION.first) return;
  const bits = checked(version, VERSION);
  for (let i = 0; i < 18; i++) {
    const dark = ((bits >>> i) & 1) === 1;
    const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
    canvas.fix(a, b, dark);
    canvas.fix(b, a, dark);
  }
}

/** Lays the bits in pairs of columns from the right, up and down in turn. */
function fill({ size, modules, fixed }: Canvas, bits: number[], mask: (x: number, y: number) => number): void {
  let next = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (fixed[y]![x]) continue;
        const bit = bits[next++] ?? 0;
        modules[y]![x] = (bit === 1) !== (mask(x, y) === 0);
      }
    }
  }
}

const RUN = 5;
const FINDER = /(?=00001011101|10111010000)/g;

/** Returns how hard a code is to read: runs, squares, false finders, and how far it is from half dark. */
function penalty(modules: Modules): number {
  const columns = modules.map((_, x) => modules.map((row) => row[x]!));
  let points = 0;
  for (const line of [...modules, ...columns]) {
    const text = line.map(Number).join("");
    for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) points += run.length - RUN + 3;
    points += [...text.matchAll(FINDER)].length * 40;
  }
  for (let y = 1; y < modules.length; y++) {
    for (let x = 1; x < modules.length; x++) {
      const dark = modules[y]![x];
      if (dark === modules[y - 1]![x] && dark === modules[y]![x - 1] && dark === modules[y - 1]![x - 1]) points += 3;
    }
  }
  const share = modules.flat().filter(Boolean).length / modules.length ** 2;
  return points + Math.floor(Math.abs(share - 0.5) * 20) * 10;
}
