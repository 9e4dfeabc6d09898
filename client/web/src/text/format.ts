// Numbers, dates and names as a person reads them, in the browser's language. Money is always US dollars.

export interface Formats {
  dollars(cents: number): string;
  cents(cents: number): string;
  count(value: number): string;
  ordinal(value: number): string;
  percent(basisPoints: number): string;
  time(instant: string): string;
  /** Hours and minutes. */
  clock(instant: string): string;
  day(date: string): string;
  moment(instant: string): string;
  weekday(instant: string): string;
  /** The calendar date of an instant, here. */
  date(instant: string): string;
  list(items: string[]): string;
  decimal: string;
  group: string;
}

/** Of English ordinals, whatever language the numbers are written in: the words around them are English. */
const SUFFIXES: Record<string, string> = { one: "st", two: "nd", few: "rd", other: "th" };

export function formatsFor(locale: string | undefined): Formats {
  const money = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" } as const;
  const whole = new Intl.NumberFormat(locale, { ...money, maximumFractionDigits: 0 });
  const exact = new Intl.NumberFormat(locale, money);
  const plain = new Intl.NumberFormat(locale);
  const share = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 4 });
  const clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", second: "2-digit" });
  const minutes = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
  // A calendar date has no zone: it must not move by one for people west of Greenwich.
  const calendar = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const both = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const short = new Intl.DateTimeFormat(locale, { weekday: "short" });
  const local = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const listing = new Intl.ListFormat(locale, { type: "conjunction" });
  const order = new Intl.PluralRules("en", { type: "ordinal" });
  const parts = new Intl.NumberFormat(locale).formatToParts(-1234567.5);
  return {
    dollars: (value) => whole.format(value / 100),
    cents: (value) => exact.format(value / 100),
    count: (value) => plain.format(value),
    ordinal: (value) => plain.format(value) + SUFFIXES[order.select(value)],
    percent: (value) => share.format(value / 10_000),
    time: (instant) => clock.format(new Date(instant)),
    clock: (instant) => minutes.format(new Date(instant)),
    day: (date) => calendar.format(new Date(`${date}T00:00:00Z`)),
    moment: (instant) => both.format(new Date(instant)),
    weekday: (instant) => short.format(new Date(instant)),
    date: (instant) => local.format(new Date(instant)),
    list: (items) => listing.format(items),
    decimal: parts.find((part) => part.type === "decimal")?.value ?? ".",
    group: parts.find((part) => part.type === "group")?.value ?? ",",
  };
}

/** "$500", or "$512.50" if there are cents. */
export function amountText(cents: number, formats: Pick<Formats, "cents" | "dollars">): string {
  return cents % 100 === 0 ? formats.dollars(cents) : formats.cents(cents);
}

/** Returns a difference with its sign: "+$180", "-$63". */
export function signed(cents: number, amount: (cents: number) => string): string {
  return cents > 0 ? `+${amount(cents)}` : amount(cents);
}

/** "$412.34 × 72", "$312.10 × 36 lease"; without months, what is paid at once: "$27,085.25 cash". */
export function payText(cents: number, months: number | null, lease: boolean, formats: Pick<Formats, "cents">): string {
  return months === null
    ? `${formats.cents(cents)} cash`
    : `${formats.cents(cents)} × ${months}${lease ? " lease" : ""}`;
}

/** Returns a duration in milliseconds as "840 ms" or "2.4 s". */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
