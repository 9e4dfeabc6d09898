import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { isEditable, isOpen } from "../../deal/desk/steps";
import type { Deal } from "../../deal/model/fold";
import { type Column, columnsOf, MOST_SCENARIOS } from "../../deal/scenarios/columns";
import { ScenarioEdits } from "../../deal/scenarios/edits";
import type { DealSession } from "../../deal/session";
import { payText } from "../../text/format";
import { useShortcuts } from "../parts/shortcuts";
import { useSurroundings } from "../parts/surroundings";
import { ScenarioTable } from "./scenario-table";

/** The subject of adding a scenario. */
const ADDING = "scenario";

/** The scenarios of the deal: in a line, and side by side when this person opens them. */
export function ScenarioStrip({ session }: { session: DealSession }) {
  const open = useSignal(false);
  const naming = useSignal<string | null>(null);
  const toggle = useRef<HTMLButtonElement>(null);
  const edits = useMemo(() => new ScenarioEdits(portOf(session)), [session]);
  const deal = session.model.value?.deal;
  void session.desk.busy.value;
  useEffect(() => edits.advance());
  useShortcuts(["deal"], {
    // `W`, for "what if". A dialog over the page has keys of its own.
    scenarios: () => {
      if (document.querySelector("dialog[open]")) return;
      open.value = !open.value;
      toggle.current?.focus();
    },
  });

  const add = (source: string | null) => {
    open.value = true;
    session.desk.give(ADDING, { type: "scenario_add", source, ...carFor(session, source) }, (data) => {
      naming.value = String(data?.scenario_id ?? "");
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open.value) return;
    // One press closes one thing.
    event.preventDefault();
    open.value = false;
    toggle.current?.focus();
  };
  return (
    <section class="scenarios" aria-label="Scenarios" onKeyDown={onKeyDown}>
      <div class="scenario-bar">
        <button
          type="button"
          ref={toggle}
          class="button small"
          aria-expanded={open.value}
          aria-keyshortcuts="W"
          onClick={() => (open.value = !open.value)}
        >
          Scenarios <span class="count">{deal?.scenarios?.length ?? 0}</span>
        </button>
        <Chips session={session} show={() => (open.value = true)} />
        <Adding session={session} add={() => add(null)} />
      </div>
      {open.value && deal && (
        <ScenarioTable board={{ session, edits, naming, add, removed: () => toggle.current?.focus() }} />
      )}
    </section>
  );
}

/** Each scenario in a few words, so that everybody sees what is there without opening it. */
function Chips({ session, show }: { session: DealSession; show(): void }) {
  const deal = session.model.value?.deal;
  const columns = deal ? columnsOf(deal).slice(1) : [];
  if (columns.length === 0)
    return <p class="quiet">Keep what-ifs beside the deal: other cash, term, car, or a lease.</p>;
  return (
    <ul class="scenario-chips">
      {columns.map((column) => (
        <li key={column.scenario?.id}>
          <button type="button" class="link" onClick={show}>
            <Chip column={column} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Chip({ column: { scenario, name, figures, outdated } }: { column: Column }) {
  const { formats } = useSurroundings();
  const used = scenario?.of_the_deal;
  const paid = figures ? payText(figures.paidCents, figures.termMonths, figures.kind === "lease", formats) : "no offer";
  return (
    <span key={[name, paid, used, outdated].join()}>
      {used && <span aria-hidden="true">✓ </span>}
      <bdi>{name}</bdi> <b>{paid}</b>
      {used && <span class="visually-hidden">, on the deal</span>}
      {outdated && <span class="quiet"> outdated</span>}
    </span>
  );
}

/** Duplicates the deal. What is not possible in this state of the deal is said beside it. */
function Adding({ session, add }: { session: DealSession; add(): void }) {
  const deal = session.model.value?.deal;
  const trouble = session.desk.troubles.value.get(ADDING);
  const full = (deal?.scenarios?.length ?? 0) >= MOST_SCENARIOS;
  const told = trouble?.message ?? (deal ? stateWords(deal, full) : null);
  const possible = deal !== undefined && isOpen(deal) && !full && session.can("terms");
  return (
    // Other words have another width, at the right edge: nothing of it moves.
    <div class="scenario-adding" key={told}>
      {told !== null && (
        <span class={trouble ? "trouble" : "quiet"} role={trouble ? "alert" : undefined}>
          {told}
        </span>
      )}
      <button
        type="button"
        class="button small"
        disabled={!possible || session.desk.busy.value.has(ADDING)}
        onClick={add}
      >
        Duplicate as scenario
      </button>
    </div>
  );
}

function stateWords(deal: Deal, full: boolean): string | null {
  if (!isOpen(deal)) return `This deal is ${deal.state}: its scenarios stay as they are.`;
  if (full) return `${MOST_SCENARIOS} scenarios at most: remove one first.`;
  const some = (deal.scenarios?.length ?? 0) > 0;
  return some && !isEditable(deal) ? `This deal is ${deal.state}: no scenario can be made the deal now.` : null;
}

/** A deal without an offer is duplicated for the car that this person has chosen in the list. */
function carFor(session: DealSession, source: string | null): { vehicle_id?: string } {
  const chosen = session.grid.selected.value;
  const bare = source === null && !session.model.value?.deal.selected;
  return bare && chosen !== null ? { vehicle_id: chosen } : {};
}

function portOf(session: DealSession) {
  return {
    served: () => session.model.value?.deal.scenarios ?? [],
    give: session.desk.give.bind(session.desk),
    busy: (subject: string) => session.desk.busy.value.has(subject),
  };
}
