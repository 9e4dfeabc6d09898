import type { ComponentChildren } from "preact";
import { amountText, type Formats } from "../../text/format";
import type { PresentationReply, ShownLine, ShownTrade, ShownWay } from "../../wire";
import { isSamePlace, type Picture } from "../model/choice";
import { paidText, SUMS, summed, sumOf } from "../model/words";
import { Figure } from "./figure";

interface Props {
  reply: PresentationReply;
  picture: Picture;
  formats: Formats;
}

/** What belongs to the offer: products, trade-in, the sum, and what must be said. */
export function Details({ reply, picture, formats }: Props) {
  const { car, way, cell } = picture;
  if (!way || !cell) return null;
  return (
    <div class="details">
      <div class="stack">
        <Products way={way} optional={reply.optional} formats={formats} />
        {car.trade && <Trade trade={car.trade} way={way} formats={formats} />}
      </div>
      <Sum way={way} same={isSamePlace(cell, way.own)} formats={formats} />
      <Disclosures reply={reply} way={way} formats={formats} />
    </div>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Products({ way, optional, formats }: { way: ShownWay; optional: string; formats: Formats }) {
  const { products, kind } = way;
  if (products.length === 0) {
    return (
      <Section title="What is included">
        <p>The car, taxes and fees. No optional products.</p>
      </Section>
    );
  }
  return (
    <Section title="What is included">
      <ul class="included">
        {products.map(({ name, price_cents: price, without_cents: without }) => (
          <li key={name}>
            <span class="included-name">
              <bdi>{name}</bdi> <span class="optional">optional</span>
            </span>
            <Figure text={formats.cents(price)} />
            {without !== null && (
              <span class="without">
                Without it: <Figure text={formats.cents(without)} /> {kind === "cash" ? "out the door" : "a month"}
              </span>
            )}
          </li>
        ))}
      </ul>
      <p>{optional}</p>
    </Section>
  );
}

function Trade({ trade, way, formats }: { trade: ShownTrade; way: ShownWay; formats: Formats }) {
  const { allowance_cents: allowance, payoff_cents: payoff, equity_cents: equity } = trade;
  const goes = way.kind === "cash" ? "added to what you pay" : "financed with the car";
  return (
    <Section title="Your trade-in">
      <dl class="adds-up">
        <Line name="We pay for it" cents={allowance} formats={formats} />
        {payoff !== 0 && <Line name="Payoff of what you owe" cents={-payoff} formats={formats} />}
        {payoff !== 0 && <Line name="Your equity" cents={equity} formats={formats} total />}
      </dl>
      {equity < 0 && (
        <p>
          You owe {formats.cents(-equity)} more than it brings. That is {goes}.
        </p>
      )}
    </Section>
  );
}

/** `same`: whether the chosen cell is the one that the sum is of. */
function Sum({ way, same, formats }: { way: ShownWay; same: boolean; formats: Formats }) {
  const { own, lines, reductions, signing } = way;
  return (
    <Section title="How it adds up">
      {!same && (
        <p>
          For {paidText(own, formats).join(" ")} with {amountText(own.cash_down_cents, formats)} down.
        </p>
      )}
      <Lines lines={summed(lines, SUMS[way.kind])} formats={formats} />
      {reductions.length > 0 && (
        <Lines lines={summed(reductions, "Adjusted cap cost", sumOf(lines))} formats={formats} />
      )}
      {signing.length > 0 && (
        <>
          <h3>At signing</h3>
          <Lines lines={summed(signing, "Due at signing")} formats={formats} />
        </>
      )}
    </Section>
  );
}

/** The last line is what the others add up to. */
function Lines({ lines, formats }: { lines: readonly ShownLine[]; formats: Formats }) {
  return (
    <dl class="adds-up">
      {lines.map(({ name, cents }, i) => (
        <Line key={`${i} ${name}`} name={name} cents={cents} formats={formats} total={i === lines.length - 1} />
      ))}
    </dl>
  );
}

function Line({ name, cents, formats, total = false }: ShownLine & { formats: Formats; total?: boolean }) {
  return (
    <div class={total ? "total" : ""}>
      <dt>
        <bdi>{name}</bdi>
      </dt>
      <dd>
        <Figure text={formats.cents(cents)} />
      </dd>
    </div>
  );
}

function Disclosures({ reply, way, formats }: { reply: PresentationReply; way: ShownWay; formats: Formats }) {
  return (
    <section class="disclosures">
      <h2>Good to know</h2>
      <p>
        <b>{way.estimate}</b>
      </p>
      {way.first_payment_date !== null && <p>The first payment is due on {formats.day(way.first_payment_date)}.</p>}
      {[...way.disclosures, ...reply.disclosures].map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <p class="version">
        Figures of {formats.moment(reply.as_of)} · {way.version} · text {reply.text_version}
      </p>
    </section>
  );
}
