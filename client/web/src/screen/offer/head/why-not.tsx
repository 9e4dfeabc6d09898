import { isEditable } from "../../../deal/desk/steps";
import { remedied } from "../../../deal/pencil/pencil";
import { type FixButton, fixButtons, otherFixes, type Refused } from "../../../deal/pencil/why-not";
import type { DealSession } from "../../../deal/session";
import { useSurroundings } from "../../parts/surroundings";
import { changeTerms } from "./terms-change";

/**
 * What would qualify a car that fails, the cheapest first: each button changes the deal's terms. A picked structure, or
 * a deal whose terms stand, shows the changed structure instead.
 */
export function WhyNot({ about, session }: { about: Refused; session: DealSession }) {
  const { formats } = useSurroundings();
  const { pick } = session.pencil.picture.value;
  const deal = session.model.value?.deal;
  if (!deal) return null;
  // What is in the way of a picked structure is counted from that structure.
  const structure = { ...deal.structure, ...pick?.changes };
  const buttons = fixButtons(about.fix, structure, formats);
  const others = otherFixes(about.fix, formats);
  const changes = pick === null && isEditable(deal) && session.can("terms");

  function fix(button: FixButton): void {
    if (changes) changeTerms(session, button.changes, button.text);
    else session.pencil.pick(remedied(pick, button.changes));
  }

  return (
    <div class="fixes" role="group" aria-label={changes ? "Fix it for the deal" : "Show it with"}>
      {buttons.map((button) => (
        <button key={button.key} type="button" class="button small" onClick={() => fix(button)}>
          {button.text}
        </button>
      ))}
      {buttons.length === 0 && (
        <span class="quiet">
          {others.length > 0 ? `Would take ${formats.list(others)}.` : "No single change would qualify it."}
        </span>
      )}
    </div>
  );
}
