// What people type into fields, read as the wire's units. Pure.
import { MAX_BASIS_POINTS, MAX_CENTS } from "../wire";
import type { Formats } from "./format";

export type Parsed<T> = { ok: true; value: T } | { ok: false; message: string };

const MULTIPLIERS: Record<string, number> = { k: 1_000 };

/** Reads dollars ("3,000", "$3000.50", "3k") as integer cents; nothing typed is null. */
export function parseMoney(text: string, formats: Pick<Formats, "decimal" | "group">): Parsed<number | null> {
  const number = readNumber(text.replace(/\$|USD/gi, ""), formats);
  if (!number.ok || number.value === null) return number;
  const cents = Math.round(number.value * 100);
  if (Math.abs(number.value * 100 - cents) > 1e-6) return fault("Enter dollars and cents, such as 1,250.50.");
  if (cents < 0) return fault("This cannot be below zero.");
  if (cents > MAX_CENTS) return fault("This is more than any deal can hold.");
  return { ok: true, value: cents };
}

/** Returns cents as a person types them into a field: what `parseMoney` reads. */
export function typedMoney(cents: number, { decimal }: Pick<Formats, "decimal">): string {
  return (cents % 100 === 0 ? String(cents / 100) : (cents / 100).toFixed(2)).replace(".", decimal);
}

/** Reads a percentage ("7.25", "7.25 %") as basis points with at most two decimals; nothing typed is null. */
export function parsePercent(text: string, formats: Pick<Formats, "decimal" | "group">): Parsed<number | null> {
  const number = readNumber(text.replace(/%/g, ""), formats);
  if (!number.ok || number.value === null) return number;
  const basisPoints = Math.round(number.value * 10_000) / 100;
  if (basisPoints < 0 || basisPoints > MAX_BASIS_POINTS) return fault("Enter a percentage between 0 and 100.");
  return { ok: true, value: basisPoints };
}

/** Reads a whole number ("60,000", "60k"); nothing typed is null. */
export function parseWhole(text: string, formats: Pick<Formats, "decimal" | "group">): Parsed<number | null> {
  const number = readNumber(text, formats);
  if (!number.ok || number.value === null) return number;
  return Number.isInteger(number.value) && number.value >= 0 ? number : fault("Enter a whole number.");
}

const VIN_LENGTH = 17;

/** Reads a VIN in capitals; nothing typed means that it is unknown. The server checks its check digit. */
export function parseVin(text: string): Parsed<string> {
  const vin = text.replace(/\s/g, "").toUpperCase();
  if (/[^A-HJ-NPR-Z0-9]/.test(vin)) return fault("A VIN has digits and letters, but no I, O or Q.");
  if (vin.length > 0 && vin.length !== VIN_LENGTH)
    return fault(`A VIN has ${VIN_LENGTH} characters; this has ${vin.length}.`);
  return { ok: true, value: vin };
}

function readNumber(text: string, formats: Pick<Formats, "decimal" | "group">): Parsed<number | null> {
  const compact = text.replace(/[\s\u00a0\u202f]/g, "").toLowerCase();
  if (compact === "") return { ok: true, value: null };
  const factor = MULTIPLIERS[compact.slice(-1)] ?? 1;
  const digits = factor === 1 ? compact : compact.slice(0, -1);
  const plain = digits.replaceAll(formats.group, "").replaceAll("'", "").replace(formats.decimal, ".");
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(plain)) return fault("Enter a number, such as 1,250.");
  return { ok: true, value: Number(plain) * factor };
}

function fault(message: string): Parsed<never> {
  return { ok: false, message };
}

/** The server takes no more of what is looked for. */
const MOST_CHARACTERS = 100;

/** Returns the words to look for in what somebody typed. */
export function wordsIn(text: string): string {
  return text.trim().slice(0, MOST_CHARACTERS);
}
