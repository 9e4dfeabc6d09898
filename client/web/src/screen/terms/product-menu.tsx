import { useRef } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { choosing } from "../../deal/terms/products";
import type { MenuPackage, QuoteMenu } from "../../wire";
import { useModal } from "../focus/modal";
import { useSurroundings } from "../parts/surroundings";

interface Props {
  session: DealSession;
  structure: Record<string, unknown>;
  /** The lines that are chosen show at once. */
  release(): void;
  close(): void;
}

/** The packages side by side, each with its payment, beside the payment without any product. */
export function ProductMenu({ session, structure, release, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { quote } = session.pencil.picture.value;
  useModal(dialog);
  function choose(chosen: MenuPackage | null, menu: QuoteMenu): void {
    release();
    session.terms.editAll(choosing(chosen, menu.packages, structure));
    dialog.current?.close();
  }
  const menu = quote?.menu;
  return (
    <dialog ref={dialog} class="step-dialog product-menu" aria-labelledby="menu-title" onClose={close}>
      <h2 id="menu-title">Optional products</h2>
      <p class="quiet">
        Every product is optional: none is needed to buy the car or to finance it. Same car, lender, term and cash in
        each column.
      </p>
      {menu === undefined ? (
        <p class="hint">Choose a car with an offer to see the payments.</p>
      ) : (
        <div class="packages">
          {menu.packages.map((each) => (
            <Package key={each.name} offered={each} choose={() => choose(each, menu)} />
          ))}
          <None menu={menu} choose={() => choose(null, menu)} />
        </div>
      )}
      <footer>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </footer>
    </dialog>
  );
}

function Package({ offered, choose }: { offered: MenuPackage; choose(): void }) {
  const { formats } = useSurroundings();
  return (
    <section class={`package ${offered.chosen ? "chosen" : ""}`} aria-label={offered.name}>
      <h3>
        <bdi>{offered.name}</bdi>
      </h3>
      <p class="payment">{formats.cents(offered.payment_cents)}/mo</p>
      <p class="quiet">
        +{formats.cents(offered.adds_cents)}/mo · total {formats.cents(offered.total_of_payments_cents)}
      </p>
      <ul>
        {offered.lines.map((line) => (
          <li key={line.product_id}>
            <bdi>{line.name}</bdi>
            <span>{formats.cents(line.price_cents)}</span>
            <span class="quiet">{line.term_months === null ? "as the contract" : `${line.term_months} months`}</span>
            <span class="chip">Optional</span>
          </li>
        ))}
      </ul>
      <p class="accepted">{offered.accepted === false && "This lender does not finance all of it."}</p>
      <button type="button" class="button" disabled={offered.chosen} onClick={choose}>
        {offered.chosen ? "Chosen" : `Choose ${offered.name}`}
      </button>
    </section>
  );
}

function None({ menu, choose }: { menu: QuoteMenu; choose(): void }) {
  const { formats } = useSurroundings();
  return (
    <section class="package" aria-label="No products">
      <h3>No products</h3>
      <p class="payment">{formats.cents(menu.payment_without_cents)}/mo</p>
      <p class="quiet">total {formats.cents(menu.total_without_cents)}</p>
      <button type="button" class="button" onClick={choose}>
        No products
      </button>
    </section>
  );
}
