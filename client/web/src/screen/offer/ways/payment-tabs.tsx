import { useRef } from "preact/hooks";
import { DEAL_KINDS } from "../../../deal/terms/fields";
import type { DealKind } from "../../../wire";

interface Props {
  ways: readonly DealKind[];
  way: DealKind;
  choose(way: DealKind): void;
  children: preact.ComponentChildren;
}

/** The ways to pay for the chosen car; the children are the panel of the one that is shown. */
export function PaymentTabs({ ways, way, choose, children }: Props) {
  if (ways.length < 2) return <>{children}</>;
  return (
    <>
      <TabList ways={ways} way={way} choose={choose} />
      <div role="tabpanel" id="payment-panel" aria-labelledby={`payment-${DEAL_KINDS[way]}`}>
        {children}
      </div>
    </>
  );
}

/** Arrow keys move between the tabs; only the chosen one is reached by Tab. */
function TabList({ ways, way, choose }: Omit<Props, "children">) {
  const list = useRef<HTMLDivElement>(null);

  function onKeyDown(event: KeyboardEvent): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = ways[(ways.indexOf(way) + step + ways.length) % ways.length]!;
    choose(next);
    list.current?.querySelector<HTMLButtonElement>(`#payment-${DEAL_KINDS[next]}`)?.focus();
    event.preventDefault();
  }

  return (
    <div ref={list} class="payment-tabs" role="tablist" aria-label="Ways to pay" onKeyDown={onKeyDown}>
      {ways.map((kind) => (
        <button
          key={kind}
          type="button"
          role="tab"
          id={`payment-${DEAL_KINDS[kind]}`}
          aria-selected={kind === way}
          aria-controls="payment-panel"
          tabIndex={kind === way ? 0 : -1}
          onClick={() => choose(kind)}
        >
          {DEAL_KINDS[kind]}
        </button>
      ))}
    </div>
  );
}
