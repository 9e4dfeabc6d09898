import { useEffect, useRef } from "preact/hooks";
import { newestOf, newsOf } from "../../../deal/model/spoken";
import { story } from "../../../deal/model/timeline";
import type { DealSession } from "../../../deal/session";
import { useSurroundings } from "../../parts/surroundings";

/** Says what happens to the deal while its page is open: nobody hears a line that appears in the activity. */
export function useStorySaid(session: DealSession): void {
  const { formats, announcer, user } = useSurroundings();
  const model = session.model.value;
  const since = useRef<number | null>(null);
  const seen = useRef(new Set<string>());
  useEffect(() => {
    if (!model) return;
    const entries = story(model.timeline, model.deal.notes ?? []);
    if (since.current !== null)
      for (const { text, about } of newsOf(entries, since.current, seen.current, user.name, formats))
        announcer.say(text, about);
    seen.current = new Set(entries.map(({ key }) => key));
    since.current = Math.max(since.current ?? 0, newestOf(entries));
  }, [model?.timeline, model?.deal.notes]);
}
