import type { DealSession } from "../../deal/session";
import { FIRST_PAYMENT_DAYS, firstPaymentText } from "../../deal/terms/first-payment";

interface Props {
  id: string;
  label: string;
  session: DealSession;
  days: number | null;
}

const ON_A_DATE = "date";

/** When the first payment is due: a choice of days, the lender's latest, or a date. One of days and date is set. */
export function FirstPayment({ id, label, session, days }: Props) {
  const served = session.model.value?.deal.structure ?? {};
  const date = session.terms.value("first_payment_date", served.first_payment_date) as string | null | undefined;
  const latest = session.pencil.picture.value.quote?.lender_rules?.first_payment_days_max ?? null;
  const options = offered(days, latest);
  const choose = (value: string) => {
    if (value === ON_A_DATE) {
      const due = session.pencil.picture.value.quote?.first_payment_date ?? null;
      session.terms.editAll({ first_payment_days: null, first_payment_date: due });
    } else {
      session.terms.editAll({ first_payment_days: value === "" ? null : Number(value), first_payment_date: null });
    }
  };
  return (
    <>
      <label for={id}>{label}</label>
      <select
        id={id}
        value={date ? ON_A_DATE : String(days ?? "")}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">{firstPaymentText(null, null)}</option>
        {options.map((each) => (
          <option key={each} value={String(each)}>
            {firstPaymentText(each, latest)}
          </option>
        ))}
        <option value={ON_A_DATE}>On a date</option>
      </select>
      {date && (
        <input
          type="date"
          aria-label="First payment date"
          value={date}
          onChange={(event) => session.terms.edit("first_payment_date", event.currentTarget.value || null)}
        />
      )}
    </>
  );
}

function offered(days: number | null, latest: number | null): number[] {
  const extra = [days, latest].filter((each): each is number => each !== null && each >= 1 && each <= 360);
  return [...new Set([...FIRST_PAYMENT_DAYS, ...extra])].sort((a, b) => a - b);
}
