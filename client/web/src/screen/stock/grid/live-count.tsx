import { useEffect, useRef, useState } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { isOver, SPEAK_EVERY_MS, Speech, spokenText } from "../../../deal/stock/best";
import { useSurroundings } from "../../parts/surroundings";

/** Says aloud how far the search is: every few seconds while it runs, and how it ended. */
export function LiveCount({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const [said, setSaid] = useState("");
  const speech = useRef(new Speech());
  const search = session.model.value?.search;
  const { matched, settled, failed, shown, stale } = session.grid.picture.value;
  const reach = { matched: stale ? 0 : matched, settled, failed, shown: shown.length, reason: search?.reason ?? null };
  const text = search ? spokenText(reach, formats) : "";
  const over = isOver(reach) && !stale;
  useEffect(() => {
    if (text === "") return;
    const say = () => {
      const next = speech.current.next(text, over, performance.now());
      if (next !== null) setSaid(next);
    };
    say();
    // What was held back is said later, if nothing newer comes before.
    const timer = setTimeout(say, SPEAK_EVERY_MS);
    return () => clearTimeout(timer);
  }, [text, over]);
  return (
    <p class="visually-hidden" role="status">
      {said}
    </p>
  );
}
