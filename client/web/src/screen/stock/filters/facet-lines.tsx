import type { DealSession } from "../../../deal/session";
import { isOver } from "../../../deal/stock/best";
import type { FacetKind, Wanted } from "../../../deal/stock/facets/kinds";
import { linesFor } from "../../../deal/stock/facets/lines";
import type { Formats } from "../../../text/format";
import { type Parsed, parseMoney, parseWhole } from "../../../text/parse";
import { DraftInput } from "../../parts/draft-input";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  kind: FacetKind;
  session: DealSession;
}

/** The values or limits of a facet with their cars, among all cars that the other filters let through. */
export function FacetLines({ kind, session }: Props) {
  const { formats } = useSurroundings();
  const { grid } = session;
  const picture = grid.picture.value;
  const wanted = picture.chosen[kind.key];
  const lines = linesFor(kind, grid.counts(kind.key), wanted, formats);
  // Two quick clicks both count: the second one may come before this is drawn again.
  const wantedNow = () => grid.picture.peek().chosen[kind.key];
  const choose = (line: Wanted | null) => grid.choose(kind.key, line);
  return (
    <>
      <p class="quiet facet-of">{ofText(session, formats)}</p>
      <div class="facet-lines">
        {lines.length === 0 && <p class="quiet">Nothing to choose from yet.</p>}
        {lines.map((line) => (
          <label key={line.wanted} class={line.rows === 0 ? "none" : ""}>
            <input
              type={kind.by === "choice" ? "checkbox" : "radio"}
              name={`facet-${kind.key}`}
              checked={line.chosen}
              onChange={() => choose(typeof line.wanted === "number" ? line.wanted : toggled(wantedNow(), line.wanted))}
            />
            <span>{line.text}</span>
            <span class="number">{formats.count(line.rows)}</span>
          </label>
        ))}
      </div>
      {kind.by !== "choice" && <Limit kind={kind} wanted={wanted} choose={choose} />}
      <button type="button" class="link any" disabled={wanted === undefined} onClick={() => choose(null)}>
        Any {kind.label.toLowerCase()}
      </button>
    </>
  );
}

/** Of which cars the counts are. */
function ofText(session: DealSession, formats: Formats): string {
  const { matched, settled, stale } = session.grid.picture.value;
  const reason = session.model.value?.search?.reason ?? null;
  if (stale) return "Counts of the search before.";
  if (!isOver({ matched, settled, reason })) return `Counts so far: cars are still coming in.`;
  return reason === "complete"
    ? `Of all ${formats.count(matched)} cars.`
    : `Of the first ${formats.count(matched)} cars.`;
}

function toggled(wanted: Wanted | undefined, name: string): string[] {
  const chosen = typeof wanted === "object" ? wanted : [];
  return chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name];
}

interface LimitProps {
  kind: FacetKind;
  wanted: Wanted | undefined;
  choose(wanted: Wanted | null): void;
}

/** Any other limit, as typed. */
function Limit({ kind, wanted, choose }: LimitProps) {
  const { formats } = useSurroundings();
  const label = `${kind.label} ${kind.by === "most" ? "up to" : "from"}`;
  const id = `facet-limit-${kind.key}`;
  const show = (value: number | null) => {
    if (value === null) return "";
    if (kind.by === "least") return String(value);
    return formats.count(kind.unit === "money" ? value / 100 : value);
  };
  return (
    <span class="facet-limit">
      <label for={id}>{label}</label>
      <DraftInput
        id={id}
        value={typeof wanted === "number" ? wanted : null}
        served
        show={show}
        parse={(text) => parsed(text, kind, formats)}
        commit={choose}
        inputMode="numeric"
      />
    </span>
  );
}

function parsed(text: string, { by, unit }: FacetKind, formats: Formats): Parsed<number | null> {
  if (unit === "money") return parseMoney(text, formats);
  const whole = parseWhole(text, formats);
  const year = by === "least" && whole.ok && whole.value;
  return year && (year < 1900 || year > 2100) ? { ok: false, message: "Enter a year, such as 2021." } : whole;
}
