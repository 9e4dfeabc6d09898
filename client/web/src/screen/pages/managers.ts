// What only managers have, in one script.
import { AssignDialog } from "../desk/assigning/assign-dialog";
import { CounterForm } from "../desk/counter-form";
import { LenderDialog } from "../desk/lender-dialog";
import { MonthlyCash } from "../offer/value/monthly-cash";
import { ValueParts } from "../offer/value/value-parts";
import type { ManagersDealParts } from "../parts/surroundings";
import { SecurityPage } from "./security-page";
import { WallPage } from "./wall-page";

/** Pages, and what a deal's page has for managers. */
export const PARTS = {
  WallPage,
  SecurityPage,
  deal: { AssignDialog, CounterForm, LenderDialog, MonthlyCash, ValueParts } satisfies ManagersDealParts,
};
