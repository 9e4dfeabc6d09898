// What the grid says aloud: how far the search is, which car was chosen, and the order of the cars.
import { useEffect, useRef } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { chosenText, isOver, orderText, SPEAK_EVERY_MS, Speech, spokenText } from "../../../deal/stock/best";
import type { Column } from "../../../deal/stock/columns";
import { useSurroundings } from "../../parts/surroundings";

export function useGridSaid(session: DealSession, columns: readonly Column[]): void {
  useCountsSaid(session);
  useOrderSaid(session, columns);
  useChosenSaid(session);
}

/** Says how far the search is: every few seconds while it runs, and how it ended. */
function useCountsSaid(session: DealSession): void {
  const { formats, announcer } = useSurroundings();
  const speech = useRef(new Speech());
  const search = session.model.value?.search;
  const { matched, settled, failed, shown, stale } = session.grid.picture.value;
  const reach = { matched: stale ? 0 : matched, settled, failed, shown: shown.length, reason: search?.reason ?? null };
  const text = search ? spokenText(reach, formats) : "";
  const over = isOver(reach) && !stale;
  useEffect(() => {
    if (text === "") return;
    const say = () => {
      const next = speech.current.next(text, over, performance.now());
      if (next !== null) announcer.say(next, "counts");
    };
    say();
    // What was held back is said later, if nothing newer comes before.
    const timer = setTimeout(say, SPEAK_EVERY_MS);
    return () => clearTimeout(timer);
  }, [text, over]);
}

function useOrderSaid(session: DealSession, columns: readonly Column[]): void {
  const { announcer } = useSurroundings();
  const { order } = session.grid.picture.value;
  const before = useRef(order);
  useEffect(() => {
    if (before.current === order) return;
    before.current = order;
    const column = columns.find(({ key }) => key === order.key);
    if (column) announcer.say(orderText(column.name, order.descending), "order");
  }, [order.key, order.descending]);
}

/** A press on a car shows it in the panel: the focus stays, so that is said. The deal's own car comes by itself. */
function useChosenSaid(session: DealSession): void {
  const { formats, announcer } = useSurroundings();
  const chosen = session.grid.selected.value;
  const before = useRef(chosen);
  useEffect(() => {
    const first = before.current === null && chosen === session.model.value?.deal.selected?.vehicle_id;
    const row = chosen === null || first || chosen === before.current ? null : session.grid.row(chosen);
    before.current = chosen;
    if (row) announcer.say(chosenText(row, formats), "chosen");
  }, [chosen]);
}
