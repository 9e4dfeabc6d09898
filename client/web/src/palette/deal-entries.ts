// What can be done with the deal on the screen, by the same functions as its buttons.
import { mayAssign } from "../deal/desk/assigning";
import { presentPath } from "../deal/desk/presenting";
import { isOpen, obstacle, possibleSteps } from "../deal/desk/steps";
import { STEP_WORDS } from "../deal/model/words";
import type { DealSession } from "../deal/session";
import { GROUPS } from "../deal/terms/fields";
import { carName } from "../text/readable";
import type { Entry } from "./entries";

export function dealEntries(session: DealSession): Entry[] {
  return [
    ...steps(session),
    ...ofCar(session),
    present(session),
    customer(session),
    ...assign(session),
    ...locks(session),
  ];
}

/** The customer's page is another document: nothing of this one goes with it. */
function present(session: DealSession): Entry {
  return {
    id: "present",
    group: "Actions",
    title: "Present to the customer",
    detail: "Shows nothing internal",
    run: () => location.assign(presentPath(session.dealId)),
  };
}

function steps(session: DealSession): Entry[] {
  const deal = session.model.peek()?.deal;
  const user = session.user.peek();
  if (!deal || !user) return [];
  return possibleSteps(deal, user).map((step) => ({
    id: `step-${step}`,
    group: "Actions",
    title: STEP_WORDS[step].verb,
    detail: STEP_WORDS[step].title,
    hindrance: session.truth.whyNot.peek() ?? obstacle(step, deal, Date.now()),
    run: () => {
      session.desk.opened.value = { kind: "step", step };
    },
  }));
}

/** What can be done with the car in the panel, apart from what depends on its price. */
function ofCar(session: DealSession): Entry[] {
  const deal = session.model.peek()?.deal;
  const id = session.grid.selected.peek();
  const row = id === null ? undefined : session.grid.row(id);
  if (!deal || !row || !isOpen(deal)) return [];
  const { desk } = session;
  const subject = `car:${row.vehicle_id}`;
  const car = carName(row);
  const hindrance = session.truth.whyNot.peek();
  const held = deal.holds?.some((each) => each.vehicle_id === id);
  const pinned = deal.pins.some((each) => each.vehicle_id === id);
  const found: Entry[] = [];
  if (session.can("hold")) {
    found.push({
      id: "hold",
      group: "Actions",
      title: held ? "Release the car" : "Hold the car",
      detail: car,
      hindrance,
      run: () => desk.give(subject, { type: held ? "release" : "hold", vehicle_id: row.vehicle_id }),
    });
  }
  if (session.can("select") && pinned) {
    found.push({
      id: "unpin",
      group: "Actions",
      title: "Unpin the car",
      detail: car,
      hindrance,
      run: () => desk.give(subject, { type: "unpin", vehicle_id: row.vehicle_id }),
    });
  }
  return found;
}

function customer(session: DealSession): Entry {
  return {
    id: "customer",
    group: "Actions",
    title: "Customer: income, debts, phone",
    run: () => {
      session.desk.opened.value = { kind: "customer" };
    },
  };
}

function assign(session: DealSession): Entry[] {
  const deal = session.model.peek()?.deal;
  const user = session.user.peek();
  if (!deal || !user || session.view.peek() !== "manager" || !mayAssign(deal, user)) return [];
  return [
    {
      id: "assign",
      group: "Actions",
      title: "Assign to another salesperson",
      hindrance: session.truth.whyNot.peek(),
      run: () => {
        session.desk.opened.value = { kind: "assign" };
      },
    },
  ];
}

function locks(session: DealSession): Entry[] {
  const deal = session.model.peek()?.deal;
  if (!deal || !session.can("lock") || !isOpen(deal)) return [];
  const fields = GROUPS.flatMap((group) => group.fields).filter(({ shared, derived }) => !shared && !derived);
  return fields.map(({ field, label }) => {
    const locked = (deal.locks ?? []).some((each) => each.field === field);
    return {
      id: `lock-${field}`,
      group: "Actions",
      title: `${locked ? "Unlock" : "Lock"} ${label}`,
      detail: "for salespeople",
      hindrance: session.truth.whyNot.peek(),
      run: () => session.desk.give(`field:${field}`, { type: locked ? "unlock" : "lock", field }),
    };
  });
}
