// The search's own filters, which everybody in the deal shares: in words, and made of what one person wants. Pure.
import type { Formats } from "../../../text/format";
import type { Filters } from "../../../wire";
import { NO_FILTERS } from "../searching";
import type { Chosen } from "./kinds";

/** Returns whether a search looks at a part of the stock only. */
export function isFiltered(filters: Filters): boolean {
  return JSON.stringify(filters) !== JSON.stringify(NO_FILTERS);
}

/** Returns the filters of a search for what a person wants, as far as the server can look for it. */
export function filtersOf(chosen: Chosen): Filters {
  return {
    ...NO_FILTERS,
    makes: names(chosen.make),
    models: names(chosen.model),
    bodies: names(chosen.body),
    fuels: names(chosen.fuel),
    year_min: amount(chosen.year),
    mileage_max: amount(chosen.mileage),
    price_max_cents: amount(chosen.price_cents),
  };
}

/** "Honda, SUV, ≤ 40,000 miles". */
export function filtersText(filters: Filters, formats: Formats): string {
  const { makes, models, bodies, fuels, year_min, year_max, mileage_max, price_min_cents, price_max_cents } = filters;
  const parts: (string | false | null)[] = [
    ...makes,
    ...models,
    ...bodies,
    ...fuels,
    year_min !== null && `${year_min} or newer`,
    year_max !== null && `${year_max} or older`,
    mileage_max !== null && `≤ ${formats.count(mileage_max)} miles`,
    price_min_cents !== null && `≥ ${formats.dollars(price_min_cents)}`,
    price_max_cents !== null && `≤ ${formats.dollars(price_max_cents)}`,
    filters.days_in_stock_min != null && `≥ ${formats.count(filters.days_in_stock_min)} days in stock`,
    filters.text,
  ];
  return parts.filter(Boolean).join(", ");
}

function names(wanted: Chosen["make"]): string[] {
  return Array.isArray(wanted) ? [...(wanted as string[])] : [];
}

function amount(wanted: Chosen["year"]): number | null {
  return typeof wanted === "number" ? wanted : null;
}
