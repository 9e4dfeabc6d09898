import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { FoldName } from "../../deal/terms/fields";
import { Folds } from "../../deal/terms/folds";
import { kept } from "../../live/environment";
import { initialsOf } from "../../text/readable";
import type { Present } from "../../wire";

/** One choice for every deal of this page; the browser keeps it for the next. */
const folds = new Folds(kept);

interface Props {
  name: FoldName;
  title: string;
  /** What the part comes to, on its one line. */
  sum: string;
  class?: string;
  /** How many fields in it have an error or a conflict: the first one opens it. */
  troubles: number;
  /** Who is in a field of it. */
  here: readonly Present[];
  children: ComponentChildren;
}

/** A part of the form on one line with its sum, until the person opens it or something in it is wrong. */
export function Fold({ name, title, sum, troubles, here, children, ...rest }: Props) {
  const wrong = troubles > 0;
  useEffect(() => {
    if (wrong) folds.turn(name, true, false);
  }, [wrong]);
  const open = folds.isOpen(name);
  // In an open fold the fields say who is in them. All fields of the trades are one place, which its head says.
  const shown = open ? here.filter(({ focus }) => focus === "trades") : here;
  return (
    <details
      class={`fold ${rest.class ?? ""}`}
      open={open}
      onToggle={(event) => folds.turn(name, event.currentTarget.open)}
    >
      <summary>
        <span class="fold-title">{title}</span>
        {!open && wrong && <span class="fold-wrong">{troubles} to resolve</span>}
        {shown.length > 0 && (
          <span class="fold-here">
            {shown.map((one) => (
              <span key={one.user_id} title={`${one.name} is here`}>
                <span aria-hidden="true">{initialsOf(one.name)}</span>
                <span class="visually-hidden">{one.name} is here</span>
              </span>
            ))}
          </span>
        )}
        {/* Other words are another text at the right edge: no part of it moves. */}
        <output key={[sum, open, wrong && troubles, shown.length].join()} aria-live="off">
          {sum}
        </output>
      </summary>
      <div class="fold-body">{children}</div>
    </details>
  );
}

export function isFoldOpen(name: FoldName): boolean {
  return folds.isOpen(name);
}

/** Opens a fold because the person asked for something that is in it. */
export function openFold(name: FoldName): void {
  folds.turn(name, true, false);
}
