import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type Fit, firstShown } from "../../../deal/pencil/fitting";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  fit: Fit;
  cash: readonly number[];
  /** The column that is kept in sight; -1: none. */
  wanted: number;
  children: ComponentChildren;
}

/** The frame of a grid with more columns than fit: whole columns are seen, and the edge shows on which side more are. */
export function GridWindow({ fit, cash, wanted, children }: Props) {
  const { formats } = useSurroundings();
  const frame = useRef<HTMLDivElement>(null);
  const first = useSignal(0);
  const last = Math.min(cash.length, first.value + fit.shown);

  function show(column: number): void {
    const start = Math.max(0, Math.min(cash.length - fit.shown, column));
    if (frame.current) frame.current.scrollLeft = start * fit.width;
    first.value = start;
  }
  const wantedCash = cash[wanted];
  useLayoutEffect(() => {
    if (fit.shown > 0) show(wanted < 0 ? first.value : firstShown(first.value, wanted, fit, cash.length));
  }, [wantedCash, cash.length, fit.shown, fit.width]);

  return (
    <div class={`pencil-window ${first.value > 0 ? "more-left" : ""} ${last < cash.length ? "more-right" : ""}`}>
      <div
        ref={frame}
        class="pencil-frame"
        onScroll={(event) => (first.value = Math.round(event.currentTarget.scrollLeft / fit.width))}
      >
        {children}
      </div>
      <p class="pencil-more">
        <span class="quiet">
          {formats.dollars(cash[first.value] ?? 0)} to {formats.dollars(cash[last - 1] ?? 0)} down of{" "}
          {formats.dollars(cash[0] ?? 0)} to {formats.dollars(cash.at(-1) ?? 0)}
        </span>
        <button
          type="button"
          class="button small icon"
          aria-label="Less cash down"
          disabled={first.value === 0}
          onClick={() => show(first.value - fit.shown)}
        >
          ‹
        </button>
        <button
          type="button"
          class="button small icon"
          aria-label="More cash down"
          disabled={last >= cash.length}
          onClick={() => show(first.value + fit.shown)}
        >
          ›
        </button>
      </p>
    </div>
  );
}
