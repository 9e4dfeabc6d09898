// What only managers have, in one script.
import { AssignDialog } from "../desk/assigning/assign-dialog";
import { CounterForm } from "../desk/counter-form";
import { LenderDialog } from "../desk/lender-dialog";
import type { ManagersDialogs } from "../parts/surroundings";
import { SecurityPage } from "./security-page";
import { WallPage } from "./wall-page";

/** The pages, and the dialogs of a deal's page. */
export const PARTS = {
  WallPage,
  SecurityPage,
  dialogs: { AssignDialog, CounterForm, LenderDialog } satisfies ManagersDialogs,
};
