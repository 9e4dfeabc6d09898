import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { areAwaited } from "../../deal/stock/finder";
import type { Mode, PaletteDoor } from "../../palette/door";
import { activePlace, type Entry, offered, stepped } from "../../palette/entries";
import { foundEntries, pageEntries } from "../../palette/gathering";
import { isAwaited } from "../../store/lists";
import { useLayer } from "../focus/layers";
import { useShortcuts } from "../parts/shortcuts";
import { useSurroundings } from "../parts/surroundings";

const LIST = "palette-list";

/** Ctrl-K: finds deals, customers, cars and actions on every page. */
export function Palette({ door }: { door: PaletteDoor }) {
  const mode = door.mode.value;
  useShortcuts(["everywhere"], { palette: () => (door.mode.peek() ? door.close() : door.open()) });
  return mode === null ? null : <Open key={mode} door={door} mode={mode} />;
}

function Open({ door, mode }: { door: PaletteDoor; mode: Mode }) {
  const surroundings = useSurroundings();
  const text = useSignal("");
  /** The entry that Enter takes: an answer that comes later may move it, and does not change it. */
  const chosen = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const source = door.source.value;
  const setting = { ...surroundings, door, mode, fail: (message: string) => (trouble.value = message) };
  const found = foundEntries(setting, text.value);
  const entries = offered(text.value, pageEntries(setting), found);
  const active = activePlace(entries, chosen.value);
  const entry = entries[active];

  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    // A press beside it: on the dialog itself, not on what is in it.
    const onPointer = (event: Event) => event.target === dialog.current && door.close();
    dialog.current?.addEventListener("pointerdown", onPointer);
    return () => {
      source?.lookup.clear();
      source?.cars?.clear();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useLayer(true, () => door.close(), dialog);
  useLayoutEffect(() => {
    if (entry && !entry.older) chosen.value = entry.id;
  });
  useEffect(() => {
    dialog.current?.querySelector(`#${LIST}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active]);

  function type(words: string): void {
    text.value = words;
    chosen.value = null;
    trouble.value = null;
    source?.lookup.look(words);
    if (mode === "all") source?.cars?.look(words);
  }

  function choose(entry: Entry | undefined): void {
    if (!entry || entry.hindrance) return;
    if (!entry.stays) door.close();
    entry.run();
  }

  function step(by: number): void {
    chosen.value = entries[stepped(active, by, entries.length)]?.id ?? null;
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" && !entry?.older) choose(entry);
    else if (event.key !== "Enter" && event.key !== "Tab") return;
    event.preventDefault();
  }

  const looked = source?.lookup.looked.value;
  const cars = mode === "all" ? source?.cars?.found.value : undefined;
  const awaited = looked !== undefined && isAwaited(looked, text.value);
  const pending = awaited || (cars !== undefined && !looked?.failure && areAwaited(cars, text.value));
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label={mode === "new_deal" ? "New deal" : "Find anything"}
      onCancel={(event) => {
        event.preventDefault();
        door.close();
      }}
    >
      <input
        class="palette-input"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={LIST}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${LIST}-${active}` : undefined}
        aria-label={mode === "new_deal" ? "Customer for the new deal" : "Deal, customer, car or action"}
        placeholder={
          mode === "new_deal" ? "New deal for: name or phone…" : "Deal, customer, phone, stock number, action…"
        }
        autocomplete="off"
        spellcheck={false}
        maxLength={100}
        value={text.value}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div id={LIST} class="palette-list" role="listbox" aria-label="Found" aria-busy={pending}>
        {entries.map((entry, i) => (
          <Option
            key={entry.id}
            entry={entry}
            place={i}
            first={entries[i - 1]?.group !== entry.group}
            active={i === active}
            choose={choose}
          />
        ))}
        {entries.length === 0 && <Nothing text={text.value} mode={mode} pending={pending} />}
      </div>
      <p class="palette-foot" role="status">
        {trouble.value ?? looked?.failure?.message ?? countText(entries.length, text.value, pending)}
      </p>
    </dialog>
  );
}

interface OptionProps {
  entry: Entry;
  place: number;
  /** Whether it is the first of its group. */
  first: boolean;
  active: boolean;
  choose(entry: Entry): void;
}

function Option({ entry, place, first, active, choose }: OptionProps) {
  return (
    <>
      {first && (
        <div class="palette-group" role="presentation">
          {entry.group}
        </div>
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keyboard, and Enter takes the active option */}
      <div
        id={`${LIST}-${place}`}
        role="option"
        tabIndex={-1}
        aria-selected={active && !entry.older}
        aria-disabled={Boolean(entry.hindrance)}
        onClick={() => choose(entry)}
      >
        <bdi class="palette-title">{entry.title}</bdi>
        {entry.detail && <bdi class="quiet">{entry.detail}</bdi>}
        {entry.hindrance && <span class="not-now">{entry.hindrance}</span>}
        {entry.keys && <kbd>{entry.keys}</kbd>}
      </div>
    </>
  );
}

function Nothing({ text, mode, pending }: { text: string; mode: Mode; pending: boolean }) {
  if (text.trim() === "")
    return (
      <p class="quiet">{mode === "new_deal" ? "Type the customer's name or phone." : "Type what you look for."}</p>
    );
  return <p class="quiet">{pending ? "Looking…" : "Nothing of that name at your store."}</p>;
}

function countText(count: number, text: string, pending: boolean): string {
  if (pending) return "Looking…";
  if (text.trim() === "") return "↑ ↓ choose · Enter takes it · Esc closes";
  return count === 1 ? "1 result" : `${count} results`;
}
