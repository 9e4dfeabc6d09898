import type { OfferTab } from "./remembered";

const LINES: Record<OfferTab, number> = { pencil: 2, value: 3, contract: 10, car: 8 };

/** What a tab shows until its quote is there: about as high as what follows. */
export function TabSkeleton({ tab }: { tab: OfferTab }) {
  return (
    <div class="tab-skeleton" aria-hidden="true">
      {Array.from({ length: LINES[tab] }, (_, i) => (
        <span key={i} class="skeleton line" />
      ))}
      {(tab === "pencil" || tab === "value") && <span class="skeleton block" />}
    </div>
  );
}
