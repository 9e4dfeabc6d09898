// What a deal's page has for managers only.
import { AssignDialog } from "../desk/assigning/assign-dialog";
import { CounterForm } from "../desk/counter-form";
import { LenderDialog } from "../desk/lender-dialog";
import type { ManagersDialogs } from "../parts/surroundings";

export const DIALOGS: ManagersDialogs = { AssignDialog, CounterForm, LenderDialog };
