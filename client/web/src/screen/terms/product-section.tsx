import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import type { FieldSpec } from "../../deal/terms/fields";
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
import type { Kept } from "../../store/kept-order";
import { parseMoney, parseWhole } from "../../text/parse";
import type { CatalogueProduct, ProductLine, QuotedProduct } from "../../wire";
import { DraftInput } from "../parts/draft-input";
import { useSurroundings } from "../parts/surroundings";
import { LockMark } from "./field-marks";
import { isFoldOpen } from "./fold";
import { ProductMenu } from "./product-menu";
import { StructureField } from "./structure-field";
import { TroubleNote } from "./trouble-note";
import { NewLines, TakenOut, useKept } from "./use-kept";

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
  const shown = {
    ...structure,
    products: session.terms.value("products", structure.products),
    declined_products: session.terms.value("declined_products", structure.declined_products),
  };
  const lines = linesOf(shown.products);
  const declined = declinedOf(shown.declined_products);
  const held = isFoldOpen("products");
  const rows = useKept(lines, ({ product_id: id }) => id, held);
  const refused = useKept(declined, (id) => id, held);
  const release = () => {
    rows.release();
    refused.release();
  };
  const known = session.catalogue.known.value;
  const taken = new Set(lines.map((line) => line.product_id));
  const offered = (known?.products ?? []).filter((each) => !taken.has(each.product_id));
  const trouble = session.terms.trouble("products");
  const part: Part = { session, structure: shown, release };
  return (
    <>
      <fieldset class="plain" disabled={isShut(session)}>
        {rows.shown.map(({ item, gone }) => (
          <Line key={item.product_id} line={item} gone={gone} {...part} />
        ))}
        {rows.shown.length === 0 && (
          <>
            <div class="fields">
              {flat.map((spec) => (
                <StructureField key={spec.field} spec={spec} session={session} served={structure[spec.field]} />
              ))}
            </div>
            <p class="hint">A catalog product replaces this sum.</p>
          </>
        )}
        <Declined declined={refused.shown} {...part} />
        <Add offered={hasRoom(lines) ? offered : []} {...part} />
        {/* One line, whatever there is to do. The menu has its place before the catalogue is here. */}
        <div class="fold-end">
          {(!known || known.packages.length > 0) && (
            <button type="button" class={`button small${known ? "" : " awaited"}`} onClick={() => (menu.value = true)}>
              Menu
            </button>
          )}
          {lines.length > 0 && <LockMark spec={LINES} session={session} by={lockedBy(session)} />}
          <NewLines lines={{ fresh: rows.fresh + refused.fresh, release }} />
        </div>
      </fieldset>
      {trouble && <TroubleNote spec={LINES} session={session} trouble={trouble} />}
      {menu.value && (
        <ProductMenu session={session} structure={shown} release={release} close={() => (menu.value = false)} />
      )}
    </>
  );
}

function lockedBy(session: DealSession): string | undefined {
  return session.model.value?.deal.locks?.find((each) => each.field === "products")?.by.name;
}

function isShut(session: DealSession): boolean {
  return lockedBy(session) !== undefined && !session.can("lock");
}

interface Part extends Omit<Props, "flat"> {
  release(): void;
}

/** `gone`: somebody else took it out. */
function Line({ line, gone, session, structure, release }: Part & { line: ProductLine; gone: boolean }) {
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
  function leave(declined: boolean): void {
    release();
    session.terms.editAll(leaving(line.product_id, structure, declined));
  }
  return (
    <section class="product" aria-label={name}>
      <header>
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <span class="chip">Optional</span>
      </header>
      <fieldset class="plain" disabled={gone}>
        <Adds quoted={quoted} line={line} />
        <div class="fields">
          <Price line={line} served={served?.price_cents === line.price_cents} change={change} />
          <Term line={line} known={known} served={served?.term_months === line.term_months} change={change} />
        </div>
        {session.view.value === "manager" && <DeskFigures quoted={quoted} />}
      </fieldset>
      <footer>
        {gone ? (
          <TakenOut clear={release} />
        ) : (
          <>
            <button type="button" class="link" aria-label={`Remove ${name}`} onClick={() => leave(false)}>
              Remove
            </button>
            <button type="button" class="link" aria-label={`Customer declines ${name}`} onClick={() => leave(true)}>
              Customer declines
            </button>
          </>
        )}
      </footer>
    </section>
  );
}

/** What the line adds to the payment of the chosen car. */
function Adds({ quoted, line }: { quoted: QuotedProduct | undefined; line: ProductLine }) {
  const { formats } = useSurroundings();
  if (!quoted || quoted.price_cents !== line.price_cents) {
    return <p class="adds quiet">Choose a car to see what it adds.</p>;
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
  const say = (cents: number | undefined) => (cents === undefined ? "–" : formats.cents(cents));
  return (
    <p class="quiet">
      Cost {say(quoted?.cost_cents)} · gross {say(quoted?.gross_cents)}
      <br />
      Expected chargebacks {say(quoted?.chargebacks_cents)}
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

function Declined({ declined, session, structure, release }: Part & { declined: readonly Kept<string>[] }) {
  if (declined.length === 0) return null;
  return (
    <ul class="declined" aria-label="Declined">
      {declined.map(({ item: id, gone }) => (
        <li key={id}>
          <bdi>{nameOf(id)}</bdi> <span class="chip">{gone ? "Taken out" : "Declined"}</span>{" "}
          <button
            type="button"
            class="link"
            aria-label={`Undo: ${nameOf(id)}`}
            disabled={gone}
            onClick={() => {
              release();
              session.terms.editAll(undeclining(id, structure));
            }}
          >
            Undo
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The products that the deal does not have, at retail, with what each would add to the payment. */
function Add({ session, structure, release, offered }: Part & { offered: readonly CatalogueProduct[] }) {
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
      disabled={offered.length === 0}
      onChange={(event) => {
        const product = offered.find((each) => each.product_id === event.currentTarget.value);
        event.currentTarget.value = "";
        if (!product) return;
        release();
        session.terms.editAll(taking(product, structure));
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
