import type { RefObject } from "preact";
import { ON_PAGE, PLACES, SHORTCUTS, type Shortcut } from "../parts/shortcuts";

interface Props {
  dialog: RefObject<HTMLDialogElement | null>;
  page: keyof typeof ON_PAGE;
  /** Keys that only this page's script has, and what there is to say of them. */
  own?: readonly Shortcut[] | undefined;
  hint?: string | undefined;
}

/** The keys of a page, from the same table that dispatches them. */
export function HelpDialog({ dialog, page, own = [], hint }: Props) {
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <div class="help-places">
        {ON_PAGE[page]
          .map((place) => ({ place, keys: [...own, ...SHORTCUTS].filter((each) => each.place === place) }))
          .filter(({ keys }) => keys.length > 0)
          .map(({ place, keys }) => (
            <section key={place} aria-label={PLACES[place]}>
              <h3>{PLACES[place]}</h3>
              <dl>
                {keys.map((each) => (
                  <div key={each.keys}>
                    <dt>
                      {each.keys.split(", ").map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{each.does}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
      </div>
      {page === "deal" && (
        <p class="quiet">Enter amounts as 3,000, $3000.50 or 3k. Edits apply as you type, for everyone on this deal.</p>
      )}
      {hint && <p class="quiet">{hint}</p>}
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
