// What a deal's page has for managers only.
import { CounterForm } from "../desk/counter-form";
import { LenderDialog } from "../desk/lender-dialog";
import type { ManagersDialogs } from "../parts/surroundings";

export const DIALOGS: ManagersDialogs = { CounterForm, LenderDialog };
