// The root font size: it grows with the person's font size and with a 4K screen.
import { useEffect, useState } from "preact/hooks";

/** Returns the pixels of one rem, and draws again when they change. */
export function useRem(): number {
  const [rem, setRem] = useState(measured);
  useEffect(() => {
    const onResize = () => setRem(measured());
    addEventListener("resize", onResize);
    return () => removeEventListener("resize", onResize);
  }, []);
  return rem;
}

function measured(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}
