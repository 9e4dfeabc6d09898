import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { rowText } from "../../deal/stock/best";
import { finds } from "../../deal/stock/finder";
import { whyNot } from "../../deal/stock/fixes";
import type { Row } from "../../deal/stock/rows";
import type { Formats } from "../../text/format";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";

const LIST = "found-cars";

/** One box for any car of the stock: filters the rows on the screen, and lists the cars of the stock with its words. */
export function FindBox({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const { grid, finder } = session;
  const text = useSignal(grid.filterText);
  const open = useSignal(false);
  const at = useSignal(-1);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    text.value = grid.filterText;
  }, [grid, grid.filterText, grid.picture.value]);
  useEffect(() => {
    const onPointer = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) open.value = false;
    };
    addEventListener("pointerdown", onPointer);
    return () => removeEventListener("pointerdown", onPointer);
  }, []);
  const { words, rows, more, failure } = finder.found.value;
  const listed = open.value && words !== "" && text.value.trim() !== "";

  function type(words: string): void {
    // At once: a rendering between two keys would put an older text into the box.
    text.value = words;
    grid.filter(words);
    finder.look(words);
    open.value = true;
    at.value = -1;
  }

  function choose(row: Row): void {
    grid.visit(row);
    open.value = false;
  }

  function onKeyDown(event: KeyboardEvent): void {
    const last = (rows?.length ?? 0) - 1;
    if (event.key === "Escape") {
      if (listed) open.value = false;
      else if (text.value !== "") type("");
      // Nothing of the box is open: the key is for what opened before.
      else return;
    } else if (event.key === "ArrowDown" && listed) at.value = Math.min(at.value + 1, last);
    else if (event.key === "ArrowUp" && listed) at.value = Math.max(at.value - 1, -1);
    else if (event.key === "Enter" && listed) {
      const row = rows?.[Math.max(0, at.value)];
      // Enter takes no car of older words while the answer to newer ones is under way.
      if (row && finds(finder.found.value, text.value)) choose(row);
    } else return;
    event.preventDefault();
  }

  return (
    <div class="find-box" ref={box}>
      <input
        id="row-filter"
        type="search"
        // biome-ignore lint/a11y/noRedundantRoles: without a list of its own, an input is a search box
        role="combobox"
        list={undefined}
        aria-expanded={listed}
        aria-controls={LIST}
        aria-autocomplete="list"
        aria-activedescendant={listed && at.value >= 0 ? `${LIST}-${at.value}` : undefined}
        value={text.value}
        placeholder="Find: stock, VIN, model  ( / )"
        aria-label="Find a car by stock number, VIN or words"
        autocomplete="off"
        onInput={(event) => type(event.currentTarget.value)}
        onFocus={() => (open.value = true)}
        onKeyDown={onKeyDown}
      />
      {listed && (
        <div class="menu-body found" id={LIST} role="listbox" aria-label="Cars of the stock">
          {rows === null && <p class="quiet">Looking…</p>}
          <Trouble>{failure?.message}</Trouble>
          {rows?.length === 0 && !failure && <p class="quiet">No car of the stock has these words.</p>}
          {rows?.map((row, i) => (
            <FoundCar
              key={row.vehicle_id}
              id={`${LIST}-${i}`}
              row={row}
              active={i === at.value}
              formats={formats}
              choose={choose}
            />
          ))}
          {more && <p class="quiet">There are more. Add a word.</p>}
        </div>
      )}
    </div>
  );
}

interface FoundProps {
  id: string;
  row: Row;
  active: boolean;
  formats: Formats;
  choose(row: Row): void;
}

/** A car with its payment, or why it has none and what would open it. */
function FoundCar({ id, row, active, formats, choose }: FoundProps) {
  const paid = rowText(row, formats);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the box has the keyboard, and moves the choice from car to car
    <div id={id} role="option" tabIndex={-1} aria-selected={active} onClick={() => choose(row)}>
      <b>
        {row.year} {row.make} {row.model} {row.trim}
      </b>
      <span class="quiet">{row.stock_no}</span>
      {paid === null ? <span class="why-not">{whyNot(row, formats)}</span> : <span>{paid}</span>}
      <span class="number">{formats.dollars(row.price_cents)}</span>
    </div>
  );
}
