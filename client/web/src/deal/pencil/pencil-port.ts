// Sends the pencil's questions about the current deal over the connection.
import type { Request } from "../../live/connection";
import type { Environment } from "../../live/environment";
import type { Reply } from "../../wire";
import type { DealModel } from "../model/state";
import { gridTerms } from "./axes";
import type { PencilPort, QuoteQuestion } from "./pencil";

export interface Asked {
  readonly model: { readonly value: DealModel | null };
}

/** Sends a command and returns its ref, or null if there is no connection. */
export type Send = (request: Request, replied: (reply: Reply) => void) => number | null;

export function pencilPort(deal: Asked, channel: string, send: Send, environment: Environment): PencilPort {
  const asked = ({ vehicleId, pick, roll, grid, cashCents }: QuoteQuestion) => ({
    vehicle_id: vehicleId,
    changes: pick?.changes ?? {},
    programme_id: pick?.programmeId ?? null,
    keep_offer: pick?.keepOffer ?? false,
    terms_months: gridTerms(deal.model.value?.deal.structure ?? {}),
    cash_down_cents: [...cashCents],
    roll,
    grid_programme_id: grid.programmeId,
    grid_best: grid.best,
    grid_step_cents: grid.stepCents,
  });
  return {
    quote: (question, replied) => send({ type: "quote", channel, ...asked(question) }, replied) !== null,
    frontier: (vehicle_id, replied) => send({ type: "frontier", channel, vehicle_id }, replied) !== null,
    later: (milliseconds, action) => environment.later(milliseconds, action),
  };
}
