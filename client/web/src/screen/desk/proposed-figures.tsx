import { paymentText } from "../../deal/model/figures";
import { type Formats, signed } from "../../text/format";
import { briefLender } from "../../text/readable";
import type { AgreedFigures } from "../../wire";
import { useSurroundings } from "../parts/surroundings";

interface Props {
  old: AgreedFigures;
  proposed: AgreedFigures;
  /** What the counter changes of the NPV, if this person sees it. */
  npv: number | null;
}

/** What was submitted beside what the desk proposes, with what differs lit. */
export function ProposedFigures({ old, proposed, npv }: Props) {
  const { formats } = useSurroundings();
  return (
    <table class="proposed">
      <thead>
        <tr>
          <td />
          <th scope="col">Submitted</th>
          <th scope="col">The desk proposes</th>
        </tr>
      </thead>
      <tbody>
        {rowsOf(old, proposed, formats).map(([name, before, after]) => (
          <tr key={name} class={before === after ? "" : "differs"}>
            <th scope="row">{name}</th>
            <td>{before}</td>
            <td>
              {before !== after && <span class="visually-hidden">changed: </span>}
              {after}
            </td>
          </tr>
        ))}
        {npv !== null && (
          <tr>
            <th scope="row">NPV change</th>
            <td />
            <td class={npv < 0 ? "negative" : ""}>{signed(npv, formats.dollars)}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function rowsOf(old: AgreedFigures, proposed: AgreedFigures, formats: Formats): [string, string, string][] {
  const inCash = old.kind === "cash" && proposed.kind === "cash";
  const both = (say: (figures: AgreedFigures) => string): [string, string] => [say(old), say(proposed)];
  const payment: [string, string, string] = [
    inCash ? "Out the door" : "Payment",
    ...both((each) => paymentText(each, formats)),
  ];
  if (inCash) return [payment];
  const terms: [string, string, string][] = [
    ["Rate", ...both((each) => (each.rate_bp === null ? "none" : formats.percent(each.rate_bp)))],
    ["Lender", ...both((each) => (each.lender ? briefLender(each.lender) : "none"))],
  ];
  return [
    payment,
    ["Cash down", ...both((each) => formats.cents(each.cash_down_cents))],
    // The table lies over the page: it has no room for what stays as it is.
    ...terms.filter(([, before, after]) => before !== after),
    ["Total of payments", ...both((each) => formats.cents(each.total_cents))],
  ];
}
