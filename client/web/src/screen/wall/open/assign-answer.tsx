import { PersonSelect } from "../../desk/assigning/person-select";
import { useAssigning } from "../../desk/assigning/use-assigning";
import { useSaid } from "../../parts/announced";
import type { Answering } from "./answers";
import { Key } from "./key";

/** Gives the deal to another person of the store. It stays open: the desk has not answered it. */
export function AssignAnswer({ session, deal, back, stays }: Answering) {
  const assigning = useAssigning(session, (name) => stays(`Assigned to ${name}`));
  const { hindrance, trouble, give } = assigning;
  useSaid(trouble ?? "", "answer");
  return (
    <form class="answers assigning" aria-label="Assign the deal" onSubmit={give}>
      <p class="answer-words">
        <span>
          Now with <bdi>{deal.salesperson?.name}</bdi>.
        </span>{" "}
        {trouble ? <span class="trouble">{trouble}</span> : <span class="quiet">{hindrance}</span>}
      </p>
      <PersonSelect {...assigning} />
      <button type="button" class="button" onClick={back}>
        Cancel <Key>Esc</Key>
      </button>
      <button
        type="submit"
        class="button primary"
        disabled={hindrance !== null || session.desk.busy.value.has("assign")}
      >
        Assign <Key>Enter</Key>
      </button>
    </form>
  );
}
