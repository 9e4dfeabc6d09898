import { useEffect } from "preact/hooks";
import type { Source } from "../../palette/door";
import { useSurroundings } from "../parts/surroundings";

/** Gives the palette what the page offers, while the page is shown. */
export function usePaletteSource(source: Source): void {
  const { palette } = useSurroundings();
  useEffect(() => {
    if (!palette) return;
    palette.source.value = source;
    return () => {
      if (palette.source.peek() === source) palette.source.value = null;
    };
  }, [source]);
}
