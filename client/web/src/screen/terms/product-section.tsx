import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import type { FieldSpec } from "../../deal/terms/fields";
import { productsCents } from "../../deal/terms/heads";
import {
  declinedOf,
  hasRoom,
  leaving,
  linesOf,
  nameOf,
  taking,
  undeclining,
  withLine,
} from "../../deal/terms/products";
import { parseMoney, parseWhole } from "../../text/parse";
import type { CatalogueProduct, ProductLine, QuotedProduct } from "../../wire";
import { DraftInput } from "../parts/draft-input";
import { useSurroundings } from "../parts/surroundings";
import { LockMark } from "./field-marks";
import { ProductMenu } from "./product-menu";
import { StructureField } from "./structure-field";
import { TroubleNote } from "./trouble-note";

interface Props {
  session: DealSession;
  structure: Record<string, unknown>;
  /** The fields of products as one sum, as older clients state them. */
  flat: FieldSpec[];
}

const LINES: FieldSpec = { field: "products", label: "F&I products", kind: "money" };
const MAX_TERM = 120;

/** The F&I products: each line with its price, its term and what it adds to the payment. All are optional. */
export function ProductSection({ session, structure, flat }: Props) {
  const menu = useSignal(false);
  const live = session.truth.standing.value === "live";
  const view = session.view.value;
  useEffect(() => {
    if (live) session.catalogue.ask();
  }, [live, view]);
  void session.terms.editing.value;
  const shown = {
    ...structure,
    products: session.terms.value("products", structure.products),
    declined_products: session.terms.value("declined_products", structure.declined_products),
  };
  const lines = linesOf(shown.products);
  const catalogue = session.catalogue.known.value?.products ?? [];
  const taken = new Set(lines.map((line) => line.product_id));
  const offered = catalogue.filter((each) => !taken.has(each.product_id));
  const sum = productsCents(shown);
  const trouble = session.terms.trouble("products");
  const shut = isShut(session);
  return (
    <>
      <fieldset class="plain" disabled={shut}>
        {lines.map((line) => (
          <Line key={line.product_id} line={line} session={session} structure={shown} />
        ))}
        {lines.length === 0 && (
          <div class="fields">
            {flat.map((spec) => (
              <StructureField key={spec.field} spec={spec} session={session} served={structure[spec.field]} />
            ))}
          </div>
        )}
        {lines.length === 0 && sum > 0 && catalogue.length > 0 && (
          <p class="hint">Entered as one sum. A product from the catalog replaces it.</p>
        )}
        <Declined session={session} structure={shown} />
        {offered.length > 0 && hasRoom(lines) && <Add session={session} structure={shown} offered={offered} />}
        {(session.catalogue.known.value?.packages ?? []).length > 0 && (
          <button type="button" class="button small" onClick={() => (menu.value = true)}>
            Menu
          </button>
        )}
      </fieldset>
      {trouble && <TroubleNote spec={LINES} session={session} trouble={trouble} />}
      {lines.length > 0 && <LockMark spec={LINES} session={session} by={lockedBy(session)} />}
      {menu.value && <ProductMenu session={session} structure={shown} close={() => (menu.value = false)} />}
    </>
  );
}

function lockedBy(session: DealSession): string | undefined {
  return session.model.value?.deal.locks?.find((each) => each.field === "products")?.by.name;
}

function isShut(session: DealSession): boolean {
  return lockedBy(session) !== undefined && !session.can("lock");
}

type OneProps = { line: ProductLine } & Omit<Props, "flat">;

function Line({ line, session, structure }: OneProps) {
  const name = nameOf(line.product_id);
  const known = session.catalogue.known.value?.products.find((each) => each.product_id === line.product_id);
  const quoted = session.pencil.picture.value.quote?.products?.find((each) => each.product_id === line.product_id);
  const lines = linesOf(structure.products);
  const served = linesOf(session.model.value?.deal.structure.products).find(
    (each) => each.product_id === line.product_id,
  );
  function change(part: Partial<ProductLine>): void {
    session.terms.edit("products", withLine(lines, { ...line, ...part }));
  }
  return (
    <section class="product" aria-label={name}>
      <header>
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <span class="chip">Optional</span>
      </header>
      <Adds quoted={quoted} line={line} />
      <div class="fields">
        <Price line={line} served={served?.price_cents === line.price_cents} change={change} />
        <Term line={line} known={known} served={served?.term_months === line.term_months} change={change} />
      </div>
      <DeskFigures quoted={quoted} />
      <footer>
        <button
          type="button"
          class="link"
          aria-label={`Remove ${name}`}
          onClick={() => session.terms.editAll(leaving(line.product_id, structure, false))}
        >
          Remove
        </button>
        <button
          type="button"
          class="link"
          aria-label={`Customer declines ${name}`}
          onClick={() => session.terms.editAll(leaving(line.product_id, structure, true))}
        >
          Customer declines
        </button>
      </footer>
    </section>
  );
}

/** What the line adds to the payment of the chosen car. */
function Adds({ quoted, line }: { quoted: QuotedProduct | undefined; line: ProductLine }) {
  const { formats } = useSurroundings();
  if (!quoted || quoted.price_cents !== line.price_cents) {
    return <p class="adds quiet">Choose a car to see what it adds to the payment.</p>;
  }
  return (
    <p class="adds">
      <strong>+{formats.cents(quoted.adds_cents)}/mo</strong>
      <span class="quiet"> {formats.cents(quoted.payment_without_cents)} without it</span>
    </p>
  );
}

/** Cost, gross and expected chargebacks, where the view has them. */
function DeskFigures({ quoted }: { quoted: QuotedProduct | undefined }) {
  const { formats } = useSurroundings();
  if (quoted?.cost_cents === undefined || quoted.gross_cents === undefined) return null;
  const back = quoted.chargebacks_cents;
  return (
    <p class="quiet">
      Cost {formats.cents(quoted.cost_cents)} · gross {formats.cents(quoted.gross_cents)}
      {back !== undefined && ` · expected chargebacks ${formats.cents(back)}`}
    </p>
  );
}

interface FieldProps {
  line: ProductLine;
  served: boolean;
  change(part: Partial<ProductLine>): void;
}

function Price({ line, served, change }: FieldProps) {
  const { formats } = useSurroundings();
  const id = `product-price-${line.product_id}`;
  return (
    <div class="field kind-money">
      <label for={id}>Price</label>
      <span class="amount dollars">
        <DraftInput
          id={id}
          value={line.price_cents}
          served={served}
          show={(cents) => formats.cents(cents).replace(/[^\d.,]/g, "")}
          parse={(text) => {
            const parsed = parseMoney(text, formats);
            if (!parsed.ok) return parsed;
            return parsed.value ? { ok: true, value: parsed.value } : { ok: false, message: "Enter a price." };
          }}
          commit={(price_cents) => change({ price_cents })}
        />
      </span>
    </div>
  );
}

function Term({ line, known, served, change }: FieldProps & { known: CatalogueProduct | undefined }) {
  const { formats } = useSurroundings();
  const id = `product-term-${line.product_id}`;
  return (
    <div class="field kind-whole">
      <label for={id}>Term (months)</label>
      <DraftInput<number | null>
        id={id}
        value={line.term_months ?? null}
        served={served}
        show={(months) => (months === null ? "" : String(months))}
        parse={(text) => {
          const parsed = parseWhole(text, formats);
          if (!parsed.ok || parsed.value === null) return parsed;
          const fits = parsed.value >= 1 && parsed.value <= MAX_TERM;
          return fits ? parsed : { ok: false, message: `Enter 1 to ${MAX_TERM} months.` };
        }}
        commit={(term_months) => change({ term_months })}
        placeholder={known?.term_months ? String(known.term_months) : "As the contract"}
        inputMode="numeric"
      />
    </div>
  );
}

function Declined({ session, structure }: Omit<Props, "flat">) {
  const declined = declinedOf(structure.declined_products);
  if (declined.length === 0) return null;
  return (
    <ul class="declined" aria-label="Declined">
      {declined.map((id) => (
        <li key={id}>
          <bdi>{nameOf(id)}</bdi> <span class="chip">Declined</span>{" "}
          <button
            type="button"
            class="link"
            aria-label={`Undo: ${nameOf(id)}`}
            onClick={() => session.terms.editAll(undeclining(id, structure))}
          >
            Undo
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The products that the deal does not have, at retail, with what each would add to the payment. */
function Add({ session, structure, offered }: Omit<Props, "flat"> & { offered: readonly CatalogueProduct[] }) {
  const { formats } = useSurroundings();
  const menu = session.pencil.picture.value.quote?.menu;
  function text(product: CatalogueProduct): string {
    const adds = menu?.offered.find((each) => each.product_id === product.product_id)?.adds_cents;
    const effect = adds === undefined ? "" : ` (+${formats.cents(adds)}/mo)`;
    return `${product.name}, ${formats.cents(product.retail_cents)}${effect}`;
  }
  return (
    <select
      aria-label="Add a product"
      value=""
      onChange={(event) => {
        const product = offered.find((each) => each.product_id === event.currentTarget.value);
        event.currentTarget.value = "";
        if (product) session.terms.editAll(taking(product, structure));
      }}
    >
      <option value="">Add a product…</option>
      {offered.map((product) => (
        <option key={product.product_id} value={product.product_id}>
          {text(product)}
        </option>
      ))}
    </select>
  );
}
