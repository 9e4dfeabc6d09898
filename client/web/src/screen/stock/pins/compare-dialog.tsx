import { useEffect, useRef } from "preact/hooks";
import { isSelectable } from "../../../deal/desk/steps";
import type { DealSession } from "../../../deal/session";
import { type Candidate, comparison } from "../../../deal/stock/chosen/compare";
import { useSurroundings } from "../../parts/surroundings";
import { GRID_SUBJECT, putOnDeal } from "./giving";
import { useCandidates } from "./use-candidates";

/** Up to three cars side by side: where they differ stands in bold, with a mark at the best. */
export function CompareDialog({ session }: { session: DealSession }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { marks } = session.grid;
  const open = marks.open.value;
  useEffect(() => {
    const element = dialog.current;
    if (open && !element?.open) element?.showModal();
    if (!open) element?.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      class="compare-dialog"
      aria-labelledby="compare-title"
      onClose={() => (marks.open.value = false)}
    >
      {open && <Compared session={session} />}
    </dialog>
  );
}

function Compared({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const { marks } = session.grid;
  const cars = useCandidates(session);
  const reason = session.truth.whyNot.value;
  const lines = comparison(cars, formats);
  return (
    <>
      <header>
        <h2 id="compare-title">Compare {cars.length} cars</h2>
        <button type="button" class="button small" onClick={() => marks.clear()}>
          Clear
        </button>
        <button type="button" class="button small" onClick={() => (marks.open.value = false)}>
          Close
        </button>
      </header>
      <table class="compared">
        <thead>
          <tr>
            <td />
            {cars.map((car) => (
              <th key={car.vehicleId} scope="col">
                <CarHead car={car} session={session} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ label, cells, differs }) => (
            <tr key={label} class={differs ? "differs" : "same"}>
              <th scope="row">
                {label}
                {!differs && <span class="visually-hidden">, the same</span>}
              </th>
              {cells.map(({ text, best }, i) => (
                <td key={cars[i]!.vehicleId} class={`number ${best ? "best" : ""}`}>
                  {best && (
                    <span class="best-mark">
                      <span aria-hidden="true">★</span>
                      <span class="visually-hidden">best </span>
                    </span>
                  )}
                  {text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {reason !== null && <p class="not-now">{reason}</p>}
      <p class="quiet">Bold: they differ. ★ The best of them.</p>
    </>
  );
}

function CarHead({ car, session }: { car: Candidate; session: DealSession }) {
  const { marks } = session.grid;
  const deal = session.model.value?.deal;
  const own = deal?.selected?.vehicle_id === car.vehicleId;
  const may = session.can("select") && deal !== undefined && isSelectable(deal);
  const off = session.desk.busy.value.has(GRID_SUBJECT) || session.truth.whyNot.value !== null;
  return (
    <>
      <b>{car.name}</b>
      <span class="quiet">{own ? "On the deal" : car.pinned ? "Pinned" : "Best offer"}</span>
      <span class="compare-acts">
        {may && !own && (
          <button
            type="button"
            class="button small primary"
            disabled={off || car.select === null}
            onClick={() => putOnDeal(session, car, () => (marks.open.value = false))}
          >
            Put this car on the deal
          </button>
        )}
        <button type="button" class="link" onClick={() => marks.remove(car.vehicleId)}>
          Remove<span class="visually-hidden"> {car.name}</span>
        </button>
      </span>
      {may && !own && car.select === null && <span class="trouble">No offer to put on the deal.</span>}
    </>
  );
}
