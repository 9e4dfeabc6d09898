import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { type Kept, type KeptList, kept } from "../../store/kept-order";

export interface KeptLines<T> extends KeptList<T> {
  /** Lets the next change of the list show at once: this person made it, or asked for what is new. */
  release(): void;
}

/**
 * Lists the lines of an open fold: what others add waits, and what they take out stays in its place, so that nothing
 * moves under this person's hands. While `held` is false the list is as it is.
 */
export function useKept<T>(now: readonly T[], idOf: (item: T) => string, held: boolean): KeptLines<T> {
  const before = useRef<readonly Kept<T>[] | null>(null);
  const free = useRef(true);
  const released = useSignal(0);
  void released.value;
  const list = kept(held && !free.current ? before.current : null, now, idOf);
  const ids = (lines: readonly Kept<T>[] | null) => lines?.map(({ item, gone }) => gone || idOf(item)).join();
  if (ids(list.shown) !== ids(before.current)) free.current = false;
  before.current = list.shown;
  const release = () => {
    free.current = true;
    released.value += 1;
  };
  return { ...list, release };
}

/** What others added waits behind it. */
export function NewLines({ lines: { fresh, release } }: { lines: Pick<KeptLines<unknown>, "fresh" | "release"> }) {
  return fresh > 0 ? (
    <button type="button" class="pill" onClick={release}>
      {fresh} new
    </button>
  ) : null;
}

/** Somebody else took a line out: it stays where it is until this person lets it go. */
export function TakenOut({ clear }: { clear(): void }) {
  return (
    <span>
      <span class="chip">Taken out</span>{" "}
      <button type="button" class="link" onClick={clear}>
        Clear
      </button>
    </span>
  );
}
