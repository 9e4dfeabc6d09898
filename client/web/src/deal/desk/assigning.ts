// To whom a manager may give a deal. Pure.
import type { Actor, User } from "../../wire";
import type { Deal } from "../model/fold";

/** Somebody who may get the deal; `hindrance` is why not. */
export interface Candidate {
  id: string;
  name: string;
  text: string;
  hindrance: boolean;
}

/** Whether this person may give the deal to someone else: until it is lost, funded or unwound. */
export function mayAssign({ state, fulfilment }: Deal, user: User): boolean {
  return user.rights.includes("assign") && state !== "lost" && fulfilment !== "funded" && fulfilment !== "unwound";
}

/** Returns the others of the store, as a list names them. The one who approved the deal cannot have it. */
export function candidatesOf(people: readonly Actor[], deal: Deal): Candidate[] {
  return people
    .filter(({ id }) => id !== deal.salesperson?.id)
    .map(({ id, name, role }) => {
      const hindrance = deal.approval?.by.id === id;
      const about = hindrance ? "approved this deal" : role === "desk_manager" ? "manager" : null;
      return { id, name, text: about === null ? name : `${name}, ${about}`, hindrance };
    });
}
