import { effect, untracked } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { pickOf } from "../../../deal/pencil/nudges";
import { DealSession } from "../../../deal/session";
import { follow } from "../../../router";
import type { Summary } from "../../../wall/fold";
import type { Opened } from "../../../wall/opening";
import { CustomerDialog } from "../../desk/customer-facts";
import { LenderDialog } from "../../desk/lender-dialog";
import { DeskDialogs } from "../../desk/step-dialog";
import { useLayer } from "../../focus/layers";
import { useSurroundings } from "../../parts/surroundings";
import { focusRow } from "../wall-keys";
import type { WallView } from "../wall-view";
import { COLUMNS } from "../wall-words";
import { Answers } from "./answers";
import { OpenGrid } from "./open-grid";
import { OpenStory } from "./open-story";

interface Props {
  deal: Summary;
  opened: Opened;
  view: WallView;
}

/** A deal, open in its row: watched over the wall's own socket, with what the desk can answer. */
export function OpenRow({ deal, opened, view }: Props) {
  const session = useWatched(deal.deal_id, view);
  const { router } = useSurroundings();
  const path = `/deals/${deal.deal_id}`;
  const row = useRef<HTMLDivElement>(null);
  // The bar with the answers comes into sight with the row.
  useLayoutEffect(() => row.current?.closest(".wall-item")?.scrollIntoView({ block: "nearest" }), []);
  useLayer(true, () => {
    view.shut();
    focusRow(opened.key);
  });
  useLayer(opened.mode !== "look", () => {
    view.opened.value = { ...opened, mode: "look" };
    focusRow(opened.key);
  });
  const model = session.model.value;
  const failure = session.failure.value;
  const look = (
    <a class="link open-deal" href={path} onClick={follow(router, path)}>
      Open deal
    </a>
  );
  return (
    <div ref={row} role="row" class="open-row" id={`open-${opened.key}`}>
      <div role="cell" aria-colspan={COLUMNS.length}>
        <section class={`open-deal-panel mode-${opened.mode}`} aria-label={`${deal.customer}: the deal`}>
          {failure && !model ? (
            <p class="trouble" role="alert">
              {failure.message} {look}
            </p>
          ) : (
            <>
              <Answers session={session} deal={deal} opened={opened} view={view} look={look} />
              <OpenGrid session={session} view={view} opened={opened} />
              <OpenStory session={session} deal={deal} />
            </>
          )}
        </section>
        <DeskDialogs session={session} />
        <LenderDialog session={session} />
        <CustomerDialog session={session} />
      </div>
    </div>
  );
}

/** Joins the deal's channel as long as its row is open; the payment grid shows the offer as it was agreed. */
function useWatched(dealId: string, view: WallView): DealSession {
  const { environment } = useSurroundings();
  const wall = view.session;
  const session = useMemo(
    () => new DealSession(dealId, wall.line, environment, "manager"),
    [dealId, wall, environment],
  );
  useEffect(() => {
    let shown: string | null = null;
    const stop = effect(() => {
      const offer = session.model.value?.deal.selected;
      if (!offer || offer.offer_id === shown) return;
      shown = offer.offer_id;
      untracked(() => {
        session.grid.select(offer.vehicle_id);
        if (!offer.cash && !offer.lease) session.pencil.pick(pickOf(offer));
      });
    });
    return () => {
      stop();
      session.close();
      // Another row of the same deal follows it already, over the same socket.
      if (view.opened.peek()?.dealId !== dealId) wall.leave(dealId);
    };
  }, [session]);
  return session;
}
