import { useMemo, useRef } from "preact/hooks";
import type { WallSession } from "../../wall/session";
import { helpEntry } from "../palette/help-entry";
import { usePaletteSource } from "../palette/use-source";
import { useLookup, useStore } from "../palette/use-store";
import { Banners } from "../parts/banners";
import { ON_PAGE, type Shortcut, useShortcuts } from "../parts/shortcuts";
import { HelpDialog } from "./help-dialog";

interface Props {
  session: WallSession;
  page: "deals" | "wall" | "security";
  /** What `/` does; nothing where there is no box to find with. */
  find?: () => void;
  /** Keys that only this page's script has, and what there is to say of them. */
  own?: readonly Shortcut[];
  hint?: string;
}

/** What every page of a store has besides its own: the palette's source, the keys, the help and the strip. */
export function StoreFoot({ session, page, find, own, hint }: Props) {
  const help = useRef<HTMLDialogElement>(null);
  const store = useStore(session);
  const lookup = useLookup(store, session.truth);
  const source = useMemo(
    () => ({
      entries: () => [helpEntry(() => help.current?.showModal())],
      lists: store.lists,
      lookup,
      cars: null,
    }),
    [store, lookup],
  );
  usePaletteSource(source);
  useShortcuts(ON_PAGE[page], { help: () => help.current?.showModal(), ...(find ? { find } : {}) });
  return (
    <>
      <HelpDialog dialog={help} page={page} own={own} hint={hint} />
      <Banners session={session} />
    </>
  );
}
