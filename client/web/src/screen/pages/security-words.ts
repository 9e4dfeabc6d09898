// Security events in words.
import type { ListedSecurityEvent } from "../../wire";

/** What each kind of event is called, in the order of the filter. */
export const SECURITY_WORDS: Record<string, string> = {
  signed_in: "Signed in",
  sign_in_refused: "Sign-in refused",
  sign_in_throttled: "Sign-in delayed",
  signed_out: "Signed out",
  token_refused: "Token refused",
  forbidden: "Not allowed",
  origin_refused: "Request from another site refused",
  csrf_refused: "Expired form refused",
  throttled: "Too many requests",
  flooded: "Flood cut off",
  exported: "Audit exported",
  customer_viewed: "Customer viewed",
  customers_listed: "Customers listed",
  offer_shared: "Customer's link made",
  offer_revoked: "Customer's link revoked",
  offer_opened: "Customer's link opened",
  offer_refused: "Customer's link refused",
  offer_throttled: "Customer's links delayed",
  user_added: "Person added",
  user_changed: "Person changed",
  password_changed: "Password changed",
  sessions_ended: "Sessions ended",
  token_made: "Token made",
  token_revoked: "Token revoked",
  events_lost: "Events lost",
  customer_exported: "Customer's data exported",
  customer_restricted: "Customer's data restricted",
  customer_erased: "Customer's data erased",
};

const BAD = new Set(["sign_in_throttled", "offer_throttled", "flooded", "events_lost", "origin_refused"]);
const DOUBTFUL = new Set([
  "sign_in_refused",
  "offer_refused",
  "token_refused",
  "forbidden",
  "csrf_refused",
  "throttled",
]);
const NOTABLE = new Set([
  "exported",
  "offer_shared",
  "offer_opened",
  "user_added",
  "user_changed",
  "password_changed",
  "sessions_ended",
  "token_made",
  "token_revoked",
  "customer_exported",
  "customer_restricted",
  "customer_erased",
]);

/** Details whose value says enough. */
const PLAIN = new Set(["code", "format"]);

/** Returns the words for a kind; a kind that this version does not know is shown as it is. */
export function securityWord(kind: string): string {
  return SECURITY_WORDS[kind] ?? kind;
}

/** Returns the class that colours a kind's chip. */
export function securityTone(kind: string): string {
  if (BAD.has(kind)) return "tone-bad";
  if (DOUBTFUL.has(kind)) return "tone-warn";
  return NOTABLE.has(kind) ? "tone-accent" : "";
}

/** Returns whose event it is: a login, or a mark that equal unknown logins share. */
export function whoText(event: Pick<ListedSecurityEvent, "login" | "login_digest">): string {
  if (event.login) return event.login;
  return event.login_digest ? `unknown ${event.login_digest.slice(0, 6)}` : "–";
}

/** Returns what else is known of an event, on one line. */
export function securityDetail(event: Pick<ListedSecurityEvent, "customer_ids" | "detail"> & { kind: string }): string {
  const { what, by: _terminal, ...rest } = event.detail;
  const parts = what === undefined ? [] : [String(what)];
  for (const [name, value] of Object.entries(rest)) {
    const text = String(value).replaceAll(",", ", ");
    parts.push(PLAIN.has(name) ? text.replaceAll("_", " ") : `${name.replaceAll("_", " ")} ${text}`);
  }
  const customers = event.customer_ids.length;
  if (event.kind === "customers_listed" && customers > 0)
    parts.push(`${customers} customer${customers === 1 ? "" : "s"}`);
  return parts.join(" · ");
}
