import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useCloseOutside } from "./close-outside";
import { useSurroundings } from "./surroundings";

interface Props {
  label: string;
  /** Lists value and how many cars have it. Called only while the menu is open: it counts all rows. */
  options(): [string, number][];
  chosen: string[];
  choose(chosen: string[]): void;
}

/** A menu of checkboxes; none checked means any. */
export function ChoiceMenu({ label, options, chosen, choose }: Props) {
  const open = useSignal(false);
  const menu = useRef<HTMLDetailsElement>(null);
  useCloseOutside(menu);
  return (
    <details
      class={`menu choice ${chosen.length > 0 ? "active" : ""}`}
      ref={menu}
      onToggle={(event) => (open.value = event.currentTarget.open)}
    >
      <summary>{chosen.length === 0 ? label : chosen.length === 1 ? chosen[0] : `${label}: ${chosen.length}`}</summary>
      <div class="menu-body" role="group" aria-label={label}>
        {open.value && <Choices options={options()} chosen={chosen} choose={choose} />}
      </div>
    </details>
  );
}

function Choices({ options, chosen, choose }: { options: [string, number][] } & Pick<Props, "chosen" | "choose">) {
  const { formats } = useSurroundings();
  const toggle = (value: string) =>
    choose(chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value]);
  return (
    <>
      {options.length === 0 && <p class="quiet">Nothing to choose from yet.</p>}
      {options.map(([value, count]) => (
        <label key={value}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
          <span>{value}</span>
          <span class="quiet number">{count > 0 ? formats.count(count) : ""}</span>
        </label>
      ))}
      {chosen.length > 0 && (
        <button type="button" class="link" onClick={() => choose([])}>
          Any
        </button>
      )}
    </>
  );
}
