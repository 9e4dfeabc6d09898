import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import type { FacetKind } from "../../../deal/stock/facets/kinds";
import { useCloseOutside } from "../../focus/close-outside";
import { FacetLines } from "./facet-lines";
import { Chosen } from "./facet-menu";

/** The facets that people need less often, in one menu: each folded. */
export function MoreFacets({ kinds, session }: { kinds: readonly FacetKind[]; session: DealSession }) {
  const open = useSignal(false);
  const unfolded = useSignal<string | null>(null);
  const menu = useRef<HTMLDetailsElement>(null);
  useCloseOutside(menu);
  const { chosen } = session.grid.picture.value;
  const count = kinds.filter(({ key }) => chosen[key] !== undefined).length;
  return (
    <details
      class={`menu choice ${count > 0 ? "active" : ""}`}
      ref={menu}
      onToggle={(event) => {
        if (event.target === event.currentTarget) open.value = event.currentTarget.open;
      }}
    >
      <summary>
        More <Chosen count={count} />
      </summary>
      <div class="menu-body to-left" role="group" aria-label="More filters">
        {open.value &&
          kinds.map((kind) => (
            <section key={kind.key} class="facet">
              <button
                type="button"
                class="facet-fold"
                aria-expanded={unfolded.value === kind.key}
                onClick={() => (unfolded.value = unfolded.value === kind.key ? null : kind.key)}
              >
                {kind.label}
                {chosen[kind.key] !== undefined && <span class="chosen-mark"> chosen</span>}
              </button>
              {unfolded.value === kind.key && <FacetLines kind={kind} session={session} />}
            </section>
          ))}
      </div>
    </details>
  );
}
