import { useSignal } from "@preact/signals";
import { FILTERS, type Filter, filtered, held } from "../../../deal/model/activity";
import { type Entry, story } from "../../../deal/model/timeline";
import type { DealSession } from "../../../deal/session";
import { useLayer } from "../../focus/layers";
import { ActivityLine } from "./activity-line";
import { NoteInput } from "./note-input";

/** As many entries as the strip shows at once. */
const AT_ONCE = 3;

/** Who did what, when and why: the last entries on one strip, and the whole story over the page. */
export function Timeline({ session }: { session: DealSession }) {
  const model = session.model.value;
  const entries = story(model?.timeline ?? [], model?.deal.notes ?? []);
  const whole = useSignal(false);
  const top = useSignal<string | null>(null);
  const begin = () => (top.value = entries[0]?.key ?? null);
  const turn = () => {
    begin();
    whole.value = !whole.value;
  };
  useLayer(whole.value, () => (whole.value = false));
  return (
    <section class={`timeline ${whole.value ? "whole" : ""}`} aria-label="Activity">
      <header>
        <h2>Activity</h2>
        {(entries.length > 0 || whole.value) && (
          <button type="button" class="link" aria-expanded={whole.value} onClick={turn}>
            {whole.value ? "Show less" : `Show ${entries.length}`}
          </button>
        )}
      </header>
      {whole.value ? (
        <Whole entries={entries} top={top.value} begin={begin} session={session} />
      ) : (
        <Last entries={entries} />
      )}
      {/* A person who adds a note sees it: the list begins again at the newest entry. */}
      <NoteInput session={session} sent={() => (top.value = null)} />
    </section>
  );
}

/** The last entries, each in a place of its own: a new one moves nothing. */
function Last({ entries }: { entries: readonly Entry[] }) {
  if (entries.length === 0) return <p class="quiet">Everyone's activity on this deal appears here.</p>;
  return (
    <ol class="last">
      {entries.slice(0, AT_ONCE).map((entry, place) => (
        <li key={place}>
          <ActivityLine key={entry.key} entry={entry} brief />
        </li>
      ))}
    </ol>
  );
}

interface WholeProps {
  entries: readonly Entry[];
  /** The newest entry when the person began to read. */
  top: string | null;
  /** Begins again at the newest entry. */
  begin(): void;
  session: DealSession;
}

/** The story, as far back as it was asked for. What is new waits until the reader asks for it. */
function Whole({ entries, top, begin, session }: WholeProps) {
  const filter = useSignal<Filter>("all");
  const { shown, fresh } = held(entries, top);
  const kept = filtered(shown, filter.value);
  return (
    <>
      <div class="activity-tools">
        <div class="filter" role="group" aria-label="Show">
          {Object.entries(FILTERS).map(([name, label]) => (
            <button
              key={name}
              type="button"
              class="button small"
              aria-pressed={filter.value === name}
              onClick={() => (filter.value = name as Filter)}
            >
              {label}
            </button>
          ))}
        </div>
        <span>
          {fresh > 0 && (
            <button type="button" class="link" onClick={begin}>
              Show {fresh} new
            </button>
          )}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: without a button in it, the keyboard scrolls it by its focus */}
      <div class="entries" tabIndex={0} role="group" aria-label="Entries">
        {kept.length === 0 ? (
          <p class="quiet">Nothing of this kind yet.</p>
        ) : (
          <ol>
            {kept.map((entry) => (
              <li key={entry.key}>
                <ActivityLine entry={entry} />
              </li>
            ))}
          </ol>
        )}
        {session.model.value?.more && (
          <button
            type="button"
            class="button small"
            disabled={session.story.asking.value}
            onClick={() => session.story.older()}
          >
            Older
          </button>
        )}
      </div>
    </>
  );
}
