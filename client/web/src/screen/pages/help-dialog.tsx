import type { RefObject } from "preact";

const KEYS: [string, string][] = [
  ["/", "Find a car by stock number, VIN or words, and filter the rows"],
  ["Arrows, Page Up, Page Down, Home, End", "Move through the grid; Ctrl Home and Ctrl End: its first and last row"],
  ["Enter", "In the grid: choose the car; on a column's name: sort"],
  ["P", "In the grid: pin the car for everyone, or let it go"],
  ["C", "In the grid: mark the car to compare; at the second, compare"],
  ["S", "In the grid: sort by any column"],
  ["R", "In the grid: move the best offers to the top"],
  ["Arrows, Enter", "In the payment grid and the plot: move, and open that structure"],
  ["Enter", "In a field: apply now"],
  ["Esc", "In a field: undo what you typed. Elsewhere: close"],
  ["Ctrl P", "Print the customer's paper"],
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
      <p class="quiet">Enter amounts as 3,000, $3000.50 or 3k. Edits apply as you type, for everyone on this deal.</p>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
