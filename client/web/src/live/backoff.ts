// When to reconnect after a socket closed. Pure: the random number is an argument.
import { CLOSE_CODES } from "../wire";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 15_000;
const RESTART_WAIT_MS = 1_500;
const RATE_WAIT_MS = 60_000;
const RESTART = new Set([1001, 1012]);
const TOO_MANY_COMMANDS = 4009;

/**
 * Returns the milliseconds to wait before attempt `attempt` (0 is the first after the loss), or null if the
 * close code says not to come back. `random` is in [0, 1): many clients that lost one server spread out.
 */
export function reconnectDelay(code: number, attempt: number, random: number): number | null {
  const known = (CLOSE_CODES as Record<string, { reconnect: boolean }>)[String(code)];
  if (known && !known.reconnect) return null;
  if (code === TOO_MANY_COMMANDS) return RATE_WAIT_MS * (1 + random / 4);
  const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  if (attempt === 0 && RESTART.has(code)) return random * RESTART_WAIT_MS;
  return ceiling / 2 + (random * ceiling) / 2;
}
