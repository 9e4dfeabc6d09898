import type { Row } from "../../../deal/stock/rows";

/** What can be done with a car in its row. The grid hears the clicks: a row has no listener of its own. */
export interface RowActions {
  pin: boolean;
  compare: boolean;
  retry: boolean;
}

interface Props {
  row: Row;
  pinned: boolean;
  marked: boolean;
  /** The keyboard is in this row: Tab goes on to these. */
  reached: boolean;
  actions: RowActions;
}

/** Pin and compare: on the row under the pointer, on the chosen one, and where they are on. */
export function rowTools({ row, pinned, marked, reached, actions }: Props) {
  const tab = reached ? 0 : -1;
  const offered = row.value === "offer";
  return (
    <span class="row-tools">
      {actions.pin && (offered || pinned) && (
        <button type="button" class="tool pin" data-act="pin" aria-pressed={pinned} aria-label="Pin" tabIndex={tab} />
      )}
      {actions.compare && (
        <button
          type="button"
          class="tool compare"
          data-act="compare"
          aria-pressed={marked}
          aria-label="Compare"
          tabIndex={tab}
        />
      )}
    </span>
  );
}
