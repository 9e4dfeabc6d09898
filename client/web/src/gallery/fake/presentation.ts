// What a customer's page says and hears, as a recording: it shows a recorded presentation, and takes what is liked.
import type { JoinReply, PresentationReply, Welcome } from "../../wire";
import type { Recording, Told } from "./recording";

export const CHANNEL = "deal:gallery";

/** Returns the recording of a page that shows a presentation. */
export function presenting(reply: PresentationReply): Recording {
  const snapshot = { deal: { acceptances: [] } };
  const join = { epoch: "gallery", seq: 1, recovered: false, view: "customer", snapshot } as unknown as JoinReply;
  return {
    at: reply.as_of,
    path: "/",
    // Nobody of the staff: only their pages read it.
    user: { id: "", name: "", role: "salesperson", store_id: "" },
    welcome: { type: "welcome", user: { rights: ["watch", "like"] }, commands: [] } as unknown as Welcome,
    channels: { [CHANNEL]: { join, rows: [] } },
    answers: [
      { request: { type: "presentation" }, data: { ...reply } },
      { request: { type: "like" }, data: { acceptance_id: "liked" } },
    ],
    http: {},
  };
}

/** Returns the event after a customer has said "I like this". */
export function accepted(reply: PresentationReply, command: Record<string, unknown>): Told[] {
  if (command.type !== "like") return [];
  const { vehicle_id, kind, term_months, cash_down_cents, figures } = command;
  const { car } = reply.cars.find((each) => each.vehicle_id === vehicle_id)!;
  const said = { id: "liked", at: reply.as_of, car, in_person: false, text_version: "", version: "" };
  const acceptance = { ...said, vehicle_id, kind, term_months, cash_down_cents, figures };
  return [{ type: "customer_accepted", at: said.at, acceptance }];
}
