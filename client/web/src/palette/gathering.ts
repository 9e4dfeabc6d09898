// Gathers what the palette offers: what the page can do, where one can go, and what the server found.
import { STATES } from "../deal/model/words";
import { rowText } from "../deal/stock/best";
import { finds } from "../deal/stock/finder";
import type { Row } from "../deal/stock/rows";
import type { SignedIn } from "../page";
import type { Router } from "../router";
import { answers } from "../store/lists";
import type { Formats } from "../text/format";
import { carName } from "../text/readable";
import type { ListedDeal } from "../wire";
import type { Mode, PaletteDoor } from "./door";
import type { Entry } from "./entries";

export interface Setting {
  door: PaletteDoor;
  mode: Mode;
  user: SignedIn;
  router: Router;
  formats: Formats;
  /** Says what failed; the palette stays open. */
  fail(message: string): void;
}

/** Returns what needs no answer of the server: recent deals, actions of the page, and pages to go to. */
export function pageEntries({ door, mode, user, router }: Setting): Entry[] {
  const source = door.source.value;
  if (mode === "new_deal") return [];
  const own = source?.entries() ?? [];
  const manager = user.role !== "salesperson";
  const here = router.route.peek();
  const recent: Entry[] = door.recent.value
    .filter(({ id }) => here.page !== "deal" || here.id !== id)
    .map(({ id, title }) => ({ id: `recent-${id}`, group: "Recent", title, run: () => router.go(`/deals/${id}`) }));
  const goes = ([id, title, path]: readonly [string, string, string]): Entry => ({
    id: `go-${id}`,
    group: "Actions",
    title,
    run: () => router.go(path),
  });
  return [
    ...recent,
    ...own,
    ...(user.role === "operator" ? [] : [newDeal(door)]),
    ...GOES.filter(([id]) => id === "deals" || manager).map(goes),
  ];
}

const GOES = [
  ["deals", "Go to deals", "/"],
  ["desk", "Go to desk", "/desk"],
  ["security", "Go to security", "/security"],
] as const;

function newDeal(door: PaletteDoor): Entry {
  return {
    id: "new-deal",
    group: "Actions",
    title: "New deal",
    detail: "by the customer's name or phone",
    stays: true,
    run: () => door.open("new_deal"),
  };
}

/** Returns what the server found for the words; until it has answered, what it found for older ones. */
export function foundEntries({ door, mode, user, router, formats, fail }: Setting, text: string): Entry[] {
  const source = door.source.value;
  const looked = source?.lookup.looked.value;
  const cars = source?.cars?.found.value;
  const found = looked?.found;
  const older = !looked || !answers(looked, text);
  const entries: Entry[] = [];
  if (mode === "all") {
    for (const row of cars?.rows ?? []) {
      entries.push({
        id: `car-${row.vehicle_id}`,
        group: "Cars",
        title: carName(row),
        detail: carText(row, formats),
        older: !cars || !finds(cars, text),
        run: () => source?.cars?.visit(row),
      });
    }
    for (const deal of found?.deals ?? []) {
      entries.push({
        id: `deal-${deal.id}`,
        group: "Deals",
        title: deal.customer,
        detail: dealText(deal, formats),
        older,
        run: () => router.go(`/deals/${deal.id}`),
      });
    }
  }
  if (user.role === "operator") return entries;
  for (const customer of found?.customers ?? []) {
    const name = [customer.name, customer.co_name].filter(Boolean).join(" and ");
    entries.push({
      id: `customer-${customer.id}`,
      group: "Customers",
      title: mode === "new_deal" ? name : `New deal for ${name}`,
      detail: [customer.city, customer.phone].filter(Boolean).join(" · "),
      older,
      stays: true,
      run: () =>
        source?.lists.begin(
          { customer_id: customer.id },
          ({ id }) => {
            door.close();
            router.go(`/deals/${id}`);
          },
          (error) => fail(error.message),
        ),
    });
  }
  return entries;
}

function carText(row: Row, formats: Formats): string {
  return `${row.stock_no} · ${rowText(row, formats) ?? "does not fit"}`;
}

function dealText(deal: ListedDeal, formats: Formats): string {
  return `${STATES[deal.state]} · ${formats.moment(deal.updated_at)} · ${deal.id.slice(0, 8)}`;
}
