import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { signed } from "../../text/format";
import { parseMoney, parsePercent } from "../../text/parse";
import type { LenderEffectReply, LenderStatus, Tier } from "../../wire";
import { FigureChanges } from "../parts/agreed";
import { useSurroundings } from "../parts/surroundings";

const PAUSE_MS = 250;

export interface Effect {
  reply: Signal<LenderEffectReply | null>;
  /** Asks again what the form's decision would do. */
  look(): void;
}

/** Asks the server, as the form is filled in, what recording the decision would do to the offer. */
export function useLenderEffect(session: DealSession, form: RefObject<HTMLFormElement | null>): Effect {
  const { formats } = useSurroundings();
  const reply = useSignal<LenderEffectReply | null>(null);
  const turn = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  function look(): void {
    clearTimeout(timer.current);
    timer.current = setTimeout(ask, PAUSE_MS);
  }

  function ask(): void {
    if (!form.current) return;
    const given = new FormData(form.current);
    const text = (name: string) => String(given.get(name) ?? "").trim();
    const lender = text("lender");
    turn.current += 1;
    if (lender === "") {
      reply.value = null;
      return;
    }
    const asked = turn.current;
    const question = { type: "lender_effect", channel: `deal:${session.dealId}`, lender } as const;
    session.ask({ ...question, ...decision(text) }, (answer) => {
      if (asked !== turn.current) return;
      reply.value = answer.ok ? (answer.data as unknown as LenderEffectReply) : null;
    });
  }

  /** Returns the decision in the form; nothing while it is not whole. */
  function decision(text: (name: string) => string): object {
    const status = text("status") as LenderStatus;
    if (status === "declined" || status === "withdrawn") return { status };
    const [rate, advance, term] = [
      parsePercent(text("rate"), formats),
      parseMoney(text("advance"), formats),
      text("term"),
    ];
    if (!rate.ok || rate.value === null || !advance.ok || advance.value === null || !(Number(term) > 0)) return {};
    const terms = { rate_bp: rate.value, advance_max_cents: advance.value, term_months: Number(term) };
    return { status, tier: text("tier") as Tier, ...terms };
  }

  return { reply, look };
}

/** The program's own figure beside a field. */
export function Own({ children }: { children: ComponentChildren }) {
  return <span class="own quiet">{children ? <>Program: {children}</> : "No program"}</span>;
}

/** What recording the decision would do. */
export function LenderEffect({ effect }: { effect: LenderEffectReply | null }) {
  const { formats } = useSurroundings();
  if (!effect?.figures) return <p class="hint lender-effect">Fill in the decision to see its effect on the offer.</p>;
  const { figures, npv_cents: before, new_npv_cents: after, returns } = effect;
  const npv = before !== null && after !== null ? after - before : null;
  const same = figures.new !== null && !returns && npv === 0;
  return (
    <p class="hint lender-effect" role="status">
      {same ? "The offer stays as it is." : <FigureChanges change={figures} />}
      {npv !== null && npv !== 0 && (
        <span class={npv < 0 ? "change negative" : "change"}>NPV {signed(npv, formats.dollars)}</span>
      )}
      {returns && <b>The deal returns to working and must be submitted again.</b>}
    </p>
  );
}
