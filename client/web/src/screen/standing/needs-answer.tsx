import type { ComponentChildren } from "preact";
import type { Truth } from "../../live/truth";

interface Props {
  session: { readonly truth: Truth };
  /** Names the part where it stands in no other part of the page. */
  label?: string;
  children: ComponentChildren;
}

/** Actions that decide on what the page shows: while that may be old they are off, and the reason stands with them. */
export function NeedsAnswer({ session, label, children }: Props) {
  const reason = session.truth.whyNot.value;
  const actions = (
    <fieldset class="needs-answer" disabled={reason !== null}>
      {children}
      {reason !== null && (
        <p class="not-now" key={reason}>
          {reason}
        </p>
      )}
    </fieldset>
  );
  return label === undefined ? actions : <section aria-label={label}>{actions}</section>;
}
