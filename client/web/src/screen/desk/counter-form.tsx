import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { changesOffer } from "../../deal/desk/answering";
import type { CounterAsked } from "../../deal/desk/desk";
import { figuresOf } from "../../deal/model/figures";
import { priced } from "../../deal/pencil/ways";
import type { DealSession } from "../../deal/session";
import { RATE_REASONS, refusalText } from "../../deal/terms/fields";
import { AWAY } from "../../live/connection";
import type { Formats } from "../../text/format";
import { type Parsed, parseMoney, parsePercent, typedMoney } from "../../text/parse";
import { isolated } from "../../text/readable";
import {
  type DealOffer,
  type FrontierReply,
  type QuoteReply,
  RateReason,
  type Reply,
  type StructureChanges,
} from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";
import { CounterDeltas } from "./counter-deltas";

const PAUSE_MS = 250;
/** Why nothing can be sent yet. */
const SAME = "Change cash, term, discount, rate or lender.";

interface Fields {
  cash: string;
  term: string;
  discount: string;
  rate: string;
  reason: RateReason;
  programme: string;
}

/** The desk's proposal as it is typed, with what it does to payment and NPV. */
export function CounterForm({ session, asked }: { session: DealSession; asked: Signal<CounterAsked | null> }) {
  const offer = session.model.value?.deal.selected;
  return offer ? <Form session={session} offer={offer} asked={asked} /> : null;
}

interface FormProps {
  session: DealSession;
  offer: DealOffer;
  asked: Signal<CounterAsked | null>;
}

function Form({ session, offer, asked }: FormProps) {
  const { kind } = figuresOf(offer);
  const { formats } = useSurroundings();
  const fields = useSignal<Fields>(begin(session, offer, formats));
  const quote = useSignal<QuoteReply | null>(null);
  const asking = useSignal(false);
  /** Why the counter could not be priced at all. */
  const refusal = useSignal<string | null>(null);
  const programmes = useSignal<readonly (readonly [string, string])[]>([]);
  const deal = session.model.value?.deal;
  const { cash, term, discount, rate, reason, programme } = fields.value;
  const terms = [...new Set([...((deal?.structure.terms_months as number[]) ?? []), offer.term_months, Number(term)])];
  const channel = `deal:${session.dealId}`;
  const current = session.truth.current.value;

  useEffect(() => {
    if (kind !== "finance") return;
    session.ask({ type: "frontier", channel, vehicle_id: offer.vehicle_id }, (reply) => {
      if (!reply.ok) return;
      const { points } = reply.data as unknown as FrontierReply;
      const found = new Map(points.map(({ programme_id: id, lender }) => [id ?? "", lender ?? ""]));
      programmes.value = [...found].filter(([id]) => id !== "" && id !== offer.programme_id);
    });
  }, []);

  useEffect(() => {
    const wanted = read();
    asked.value = null;
    quote.value = null;
    refusal.value = null;
    asking.value = false;
    if (!wanted) return;
    asking.value = true;
    let stale = false;
    const answered = ({ ok, data, error }: Pick<Reply, "ok" | "data" | "error">) => {
      if (stale) return;
      asking.value = false;
      quote.value = ok ? (data as unknown as QuoteReply) : null;
      refusal.value = error ? refusalText(error.message) : null;
      const { changes, programme_id } = wanted;
      const counters = quote.value && priced(quote.value, kind) && changesOffer(changes, programme_id, offer);
      asked.value = counters ? wanted : null;
    };
    const timer = setTimeout(() => {
      const { changes, programme_id } = wanted;
      const all = { ...offer.changes, ...same(offer), payment_max_cents: null, ...changes } as StructureChanges;
      const axes = {
        terms_months: kind === "cash" ? [] : [Number(term)],
        cash_down_cents: kind === "cash" ? [] : [changes.cash_down_cents ?? 0],
      };
      const own = kind === "lease" ? (offer.programme_id ?? null) : programme_id;
      const about = { vehicle_id: offer.vehicle_id, changes: all, programme_id: own };
      const question = { type: "quote", channel, ...about, ...axes } as const;
      if (!session.ask(question, answered)) answered({ ok: false, error: AWAY });
    }, PAUSE_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
    // A page that is current again asks again: the answer may have been lost, or be another one now.
  }, [cash, term, discount, rate, reason, programme, current]);

  /** Returns what the fields ask for; null while one of them cannot be read. */
  function read(): CounterAsked | null {
    const [money, off] = [parseMoney(cash, formats), parseMoney(discount, formats)];
    const percent = rate.trim() === "" ? null : parsePercent(rate, formats);
    if (!money.ok || !off.ok || money.value === null || off.value === null || percent?.ok === false) return null;
    if (kind === "cash") return { changes: { discount_cents: off.value }, programme_id: null };
    const changes: StructureChanges = {
      term_months: Number(term),
      cash_down_cents: money.value,
      cash_down_max_cents: money.value,
      discount_cents: off.value,
    };
    const override = percent === null ? {} : { rate_bp: percent.value, rate_reason: reason };
    return { changes: { ...changes, ...override }, programme_id: programme || null };
  }

  const set = (name: keyof Fields) => (event: { currentTarget: { value: string } }) => {
    fields.value = { ...fields.value, [name]: event.currentTarget.value };
  };
  const most = deal?.structure.cash_down_max_cents;
  const money = parseMoney(cash, formats);
  const over = typeof most === "number" && money.ok && (money.value ?? 0) > most;
  const faults = {
    cash: kind === "cash" ? null : faultOf(money),
    discount: faultOf(parseMoney(discount, formats)),
    rate: rate.trim() === "" ? null : faultOf(parsePercent(rate, formats)),
  };
  return (
    <>
      <div class="fields counter-fields">
        {kind !== "cash" && (
          <>
            <label class="field">
              <span class="label">Cash down, $ {over && <span class="chip state-submitted">Over max</span>}</span>
              <input
                name="counter-cash"
                inputMode="decimal"
                value={cash}
                aria-invalid={faults.cash !== null}
                onInput={set("cash")}
              />
              <Trouble inline>{faults.cash}</Trouble>
            </label>
            <label class="field">
              <span class="label">Term</span>
              <select name="counter-term" value={term} onChange={set("term")}>
                {terms
                  .sort((a, b) => a - b)
                  .map((months) => (
                    <option key={months} value={String(months)}>
                      {months} months
                    </option>
                  ))}
              </select>
            </label>
          </>
        )}
        {kind === "finance" && (
          <label class="field wide">
            <span class="label">Lender</span>
            <select name="counter-lender" value={programme} onChange={set("programme")}>
              <option value="">As submitted: {isolated(offer.lender ?? "")}</option>
              {programmes.value.map(([id, lender]) => (
                <option key={id} value={id}>
                  {isolated(lender)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label class="field">
          <span class="label">Discount, $</span>
          <input
            name="counter-discount"
            inputMode="decimal"
            value={discount}
            aria-invalid={faults.discount !== null}
            onInput={set("discount")}
          />
          <Trouble inline>{faults.discount}</Trouble>
        </label>
        {kind === "finance" && (
          <label class="field">
            <span class="label">Rate override, %</span>
            <input
              name="counter-rate"
              inputMode="decimal"
              value={rate}
              placeholder={formats.percent(offer.rate_bp)}
              aria-invalid={faults.rate !== null}
              onInput={set("rate")}
            />
            <Trouble inline>{faults.rate}</Trouble>
          </label>
        )}
        {rate.trim() !== "" && (
          <label class="field">
            <span class="label">Reason for the rate</span>
            <select name="counter-reason" value={reason} onChange={set("reason")}>
              {RateReason.map((each) => (
                <option key={each} value={each}>
                  {RATE_REASONS[each] ?? each}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <CounterDeltas offer={offer} quote={quote.value} asking={asking.value} refusal={refusal.value} />
      <p class="quiet counter-same">{quote.value && priced(quote.value, kind) && !asked.value && SAME}</p>
    </>
  );
}

/** Returns what is wrong with an amount that must be there. */
function faultOf(parsed: Parsed<number | null>): string | null {
  if (!parsed.ok) return parsed.message;
  return parsed.value === null ? "Enter an amount." : null;
}

/** The changes that keep an offer in its own way to pay; the customer's maximum cash does not bind a counter. */
function same({ cash, lease }: DealOffer): StructureChanges {
  if (cash) return { kind: "cash", cash_down_max_cents: null };
  return lease ? { kind: "lease", lease_miles_per_year: lease.miles_per_year } : {};
}

/** Begins with the agreed offer, or with the cell that the manager picked in its payment grid. */
function begin(session: DealSession, offer: DealOffer, formats: Formats): Fields {
  const { pick, vehicleId } = session.pencil.picture.value;
  const own = pick && vehicleId === offer.vehicle_id ? pick : null;
  const cash = own?.changes.cash_down_cents ?? offer.cash_down_cents;
  return {
    cash: typedMoney(cash, formats),
    term: String(own?.changes.term_months ?? offer.term_months),
    discount: typedMoney(own?.changes.discount_cents ?? offer.discount_cents, formats),
    rate: "",
    reason: "competing_offer",
    programme: own?.programmeId && own.programmeId !== offer.programme_id ? own.programmeId : "",
  };
}
