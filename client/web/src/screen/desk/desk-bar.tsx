import { isForward, obstacle, possibleSteps } from "../../deal/desk/steps";
import { figuresOf, paymentText } from "../../deal/model/figures";
import { STEP_WORDS } from "../../deal/model/words";
import type { DealSession } from "../../deal/session";
import { scoreText } from "../../deal/stock/columns";
import { isolated } from "../../text/readable";
import type { DealOffer, Present } from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import { FallenBar, ProposalBar } from "./proposal-bar";

/** The deal's offer, who else is here, and the steps that this person may take. */
export function DeskBar({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  const user = session.user.value;
  if (!deal || !user || session.view.value === "customer") return null;
  const steps = possibleSteps(deal, user).filter((step) => step !== "accept");
  return (
    <>
      <section class="desk-bar" aria-label="Desk">
        {deal.selected ? (
          <Selected offer={deal.selected} outdated={deal.selected_outdated === true} session={session} />
        ) : (
          <p class="quiet">No offer selected yet. Choose a car and put it on the deal.</p>
        )}
        <Here here={session.here.value} own={user.id} />
        <div class="steps">
          {steps.map((step) => {
            const hindrance = obstacle(step, deal, Date.now());
            return (
              <button
                key={step}
                type="button"
                class={`button small ${isForward(step) && !hindrance ? "primary" : ""}`}
                disabled={hindrance !== null}
                title={hindrance ?? STEP_WORDS[step].effect}
                onClick={() => (session.desk.opened.value = { kind: "step", step })}
              >
                {STEP_WORDS[step].verb}
              </button>
            );
          })}
        </div>
      </section>
      <FallenBar session={session} />
      <ProposalBar session={session} />
    </>
  );
}

function Selected({ offer, outdated, session }: { offer: DealOffer; outdated: boolean; session: DealSession }) {
  const { formats } = useSurroundings();
  const { car } = offer;
  return (
    <button
      type="button"
      class="selected-offer"
      title="Show this car"
      onClick={() => (session.grid.selected.value = offer.vehicle_id)}
    >
      <b>
        {car.year}{" "}
        <bdi>
          {car.make} {car.model}
        </bdi>
      </b>
      <span class="pay">{paymentText(figuresOf(offer), formats)}</span>
      {offer.lender && <bdi class="quiet">{offer.lender}</bdi>}
      {offer.incomplete !== undefined && <span class="quiet">NPV incomplete: cost unknown</span>}
      {offer.npv_cents !== undefined && (
        <span class={offer.npv_cents < 0 ? "negative" : "quiet"}>NPV {formats.dollars(offer.npv_cents)}</span>
      )}
      {offer.score !== undefined && <span class="quiet">Score {scoreText(offer.score)}</span>}
      {outdated && (
        <span class="chip state-submitted" title="The terms changed after this price. Submitting reprices the offer.">
          Outdated
        </span>
      )}
    </button>
  );
}

/** The others who have this deal open, and the field in which each is. */
function Here({ here, own }: { here: readonly Present[]; own: string }) {
  const others = here.filter((one) => one.user_id !== own);
  if (others.length === 0) return null;
  return (
    <ul class="here" aria-label="Also on this deal">
      {others.map((one) => (
        <li key={one.user_id} title={`${isolated(one.name)} · ${one.role.replaceAll("_", " ")}`}>
          <span class="initials" aria-hidden="true">
            {initials(one.name)}
          </span>
          <span class="visually-hidden">{one.name}</span>
        </li>
      ))}
    </ul>
  );
}

function initials(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join("");
}
