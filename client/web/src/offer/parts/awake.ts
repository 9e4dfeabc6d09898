import { useEffect } from "preact/hooks";
import type { OfferSession } from "../session";

/** Connects at once when the device is back on the network or its screen is turned on again. */
export function useAwake(session: OfferSession | null): void {
  useEffect(() => {
    const hurry = () => {
      if (document.visibilityState === "visible") session?.retryNow();
    };
    addEventListener("online", hurry);
    addEventListener("pageshow", hurry);
    document.addEventListener("visibilitychange", hurry);
    return () => {
      removeEventListener("online", hurry);
      removeEventListener("pageshow", hurry);
      document.removeEventListener("visibilitychange", hurry);
    };
  }, [session]);
}
