import { rulesOf } from "../../../deal/pencil/lender-rules";
import type { LenderRules as Rules } from "../../../wire";
import { Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";

/** The rules of the program behind the offer, folded. */
export function LenderRules({ rules }: { rules: Rules }) {
  const { formats } = useSurroundings();
  return (
    <details class="lender-rules">
      <summary class="link">Lender's rules{rules.subvented ? " (subvented rate)" : ""}</summary>
      <dl class="facts">
        {rulesOf(rules, formats).map(([name, text]) => (
          <Fact key={name} name={name}>
            {text}
          </Fact>
        ))}
      </dl>
    </details>
  );
}
