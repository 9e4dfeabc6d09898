import { isEditable } from "../../deal/desk/steps";
import type { DealSession } from "../../deal/session";
import { openings } from "../../deal/stock/fixes";
import { useSurroundings } from "../parts/surroundings";

/** How many cars the terms keep out, and the changes that open some, each one click. */
export function Openings({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const model = session.model.value;
  if (!model) return null;
  const { deal, search } = model;
  const rejected = search && !session.grid.picture.value.stale ? search.rejected : [];
  const cars = rejected.reduce((sum, each) => sum + each.cars, 0);
  const atLeast = rejected.some((each) => each.at_least);
  const found = session.can("terms") && isEditable(deal) ? openings(rejected, deal.structure, formats) : [];
  // The slot stays where it is while there is nothing to say.
  return (
    <section class="openings" aria-label="Cars that don't qualify">
      {cars > 0 && (
        <span>
          {`${atLeast ? "At least " : ""}${formats.count(cars)} ${cars === 1 && !atLeast ? "car doesn't" : "cars don't"} qualify`}
        </span>
      )}
      {found.map((each) => (
        <button
          key={each.key}
          type="button"
          class="button small"
          title="Changes the deal's terms and searches again"
          onClick={() => session.terms.editAll(each.changes)}
        >
          {`${each.text} → ${each.atLeast ? "at least " : ""}${formats.count(each.cars)} ${each.cars === 1 ? "car" : "cars"}`}
        </button>
      ))}
    </section>
  );
}
