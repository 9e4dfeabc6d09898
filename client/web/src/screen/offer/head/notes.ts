// What a person should know of the chosen car before they promise it.
import { wayOf } from "../../../deal/pencil/ways";
import type { DealSession } from "../../../deal/session";
import { holderText, isHeld, wantedText } from "../../../deal/stock/claims";
import type { Row } from "../../../deal/stock/rows";
import { limitText } from "../../../deal/terms/limits";
import type { Formats } from "../../../text/format";
import type { DealKind } from "../../../wire";

export interface Note {
  text: string;
  /** Asks for attention. */
  warns: boolean;
}

/** Returns who holds or wants the car, as sentences without their full stops. */
export function claimNotes(row: Row, session: DealSession, formats: Pick<Formats, "clock">): Note[] {
  const deal = session.model.value?.deal;
  if (!deal) return [];
  const { vehicle_id: id, claim } = row;
  const hold = deal.holds?.find((each) => each.vehicle_id === id);
  const kept = deal.state === "approved" && deal.approval?.vehicle_id === id;
  const notes: Note[] = [];
  if (kept) notes.push({ text: "This car is reserved by the deal's approval", warns: false });
  else if (hold) notes.push({ text: `Held for this deal until ${formats.clock(hold.until)}`, warns: false });
  else if (claim?.heldBy && !claim.here && isHeld(claim, Date.now()))
    notes.push({ text: holderText(claim.heldBy, claim.until, formats.clock), warns: true });
  const wanted = claim && wantedText(claim.wanted);
  if (wanted) notes.push({ text: `This car is ${wanted}`, warns: true });
  return notes;
}

/** Returns the notes of the head: claims on the car, and why its offer asks for more cash. */
export function notesOf(row: Row, session: DealSession, formats: Pick<Formats, "clock">, way: DealKind | null): Note[] {
  const { quote, vehicleId } = session.pencil.picture.value;
  const notes = claimNotes(row, session, formats);
  if (vehicleId === row.vehicle_id && quote)
    for (const { message } of quote.warnings) notes.push({ text: message.replace(/\.$/, ""), warns: true });
  const own = vehicleId === row.vehicle_id && quote?.eligible && way === wayOf(quote) && way === "finance";
  if (own && quote.binding)
    notes.push({ text: `Cash down was raised to meet a limit: ${limitText(quote.binding)}`, warns: false });
  return notes;
}
