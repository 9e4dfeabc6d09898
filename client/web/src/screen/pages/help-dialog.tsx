import type { RefObject } from "preact";

const KEYS: [string, string][] = [
  ["/", "Filter the rows"],
  ["↑ ↓", "Choose a car in the grid"],
  ["Page Up, Page Down, Home, End", "Move through the grid"],
  ["R", "In the grid: put the best on top again"],
  ["Arrows, Enter", "In the pencil grid and the plot: move, and look at that structure"],
  ["Enter", "In a field: apply at once"],
  ["Esc", "In a field: give up what you typed; close this"],
  ["?", "This help"],
];

export function HelpDialog({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet">Amounts take 3,000, $3000.50 or 3k. Edits apply as you type, for everyone on this deal.</p>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
