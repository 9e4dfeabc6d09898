// When a refused command may be sent again. Pure.
import type { ErrorBody } from "../../wire";

const SECOND_MS = 1_000;

/** When the server takes a refused command again, in milliseconds; 0 if it did not say. */
export function retryAfterMs(error: ErrorBody): number {
  const seconds = error.detail.retry_after_seconds;
  return typeof seconds === "number" ? seconds * SECOND_MS : 0;
}
