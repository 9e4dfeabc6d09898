// The cars that are compared, live: their pinned figures, or those of their rows, with totals that the server reckons.
import { useEffect, useState } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { type Candidate, ofOffer, ofRow } from "../../../deal/stock/chosen/compare";
import { keptCars } from "../../../deal/stock/chosen/pins";

/** A total is of one car at one price under one version of the deal: else it is asked for again. */
type Totals = ReadonlyMap<string, number>;

export function useCandidates(session: DealSession): Candidate[] {
  const [totals, setTotals] = useState<Totals>(new Map());
  const { grid } = session;
  void grid.picture.value;
  const deal = session.model.value?.deal;
  const kept = new Map(deal ? keptCars(deal).map(({ offer }) => [offer.vehicle_id, offer]) : []);
  const asked: [string, string][] = [];
  const found = grid.marks.marked.value.flatMap(({ vehicleId, pinned }) => {
    const offer = kept.get(vehicleId);
    const row = grid.row(vehicleId);
    if (offer && (pinned || !row)) return [ofOffer(offer, row)];
    if (!row) return [];
    const question = [vehicleId, row.rev, row.payment_cents, row.term_months, deal?.version].join(" ");
    if (row.payment_cents !== null && row.kind !== "cash") asked.push([question, vehicleId]);
    return [ofRow(row, totals.get(question) ?? null)];
  });
  useEffect(() => {
    const channel = `deal:${session.dealId}`;
    for (const [question, vehicle_id] of asked) {
      if (totals.has(question)) continue;
      session.ask({ type: "quote", channel, vehicle_id }, ({ data }) => {
        const total = (data?.lease as { best?: { total_of_payments_cents?: number } })?.best?.total_of_payments_cents;
        const cents = data?.kind === "lease" ? total : data?.total_of_payments_cents;
        if (typeof cents === "number") setTotals((known) => new Map(known).set(question, cents));
      });
    }
    // What was asked on a connection that broke is asked again on the next one.
  }, [asked.map(([question]) => question).join(), session.truth.current.value]);
  return found;
}
