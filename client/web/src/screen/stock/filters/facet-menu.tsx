import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import type { FacetKind } from "../../../deal/stock/facets/kinds";
import { useCloseOutside } from "../../focus/close-outside";
import { FacetLines } from "./facet-lines";

/** One facet: its values, each with how many cars choosing it would show. */
export function FacetMenu({ kind, session }: { kind: FacetKind; session: DealSession }) {
  const open = useSignal(false);
  const menu = useRef<HTMLDetailsElement>(null);
  useCloseOutside(menu);
  const wanted = session.grid.picture.value.chosen[kind.key];
  const count = wanted === undefined ? 0 : typeof wanted === "number" ? 1 : wanted.length;
  return (
    <details
      class={`menu choice ${count > 0 ? "active" : ""}`}
      ref={menu}
      onToggle={(event) => (open.value = event.currentTarget.open)}
    >
      <summary>
        {kind.label} <Chosen count={count} />
      </summary>
      <div class="menu-body" role="group" aria-label={kind.label}>
        {open.value && <FacetLines kind={kind} session={session} />}
      </div>
    </details>
  );
}

/** How many values are chosen; nothing if none is. */
export function Chosen({ count }: { count: number }) {
  return (
    <span class="badge">
      {count > 0 && (
        <>
          {count}
          <span class="visually-hidden"> chosen</span>
        </>
      )}
    </span>
  );
}
