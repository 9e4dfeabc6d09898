import type { DealSession } from "../../deal/session";
import { fieldLabel } from "../../deal/terms/fields";
import { initialsOf } from "../../text/readable";
import type { Present } from "../../wire";

/** As many people as have a place; more are counted. */
const PLACES = 3;

/** The others who have this deal open: their initials; role and field are in the name. */
export function Here({ session }: { session: DealSession }) {
  const shown = session.here.value.filter((one) => one.user_id !== session.user.value?.id);
  const placed = shown.length > PLACES ? shown.slice(0, PLACES - 1) : shown;
  const rest = shown.slice(placed.length);
  return (
    <div class="here-slot">
      {shown.length > 0 && (
        <ul class="here" aria-label="Also on this deal">
          {placed.map((one, place) => (
            // Each place stays: who comes and goes moves nobody.
            <li key={place} title={sayHere(one)} class={one.focus === null ? "" : "in-field"}>
              <span class="initials" aria-hidden="true">
                {initialsOf(one.name)}
              </span>
              <span class="visually-hidden">{sayHere(one)}</span>
            </li>
          ))}
          {rest.length > 0 && (
            <li title={rest.map(sayHere).join("; ")}>
              <span class="initials" aria-hidden="true">
                +{rest.length}
              </span>
              <span class="visually-hidden">{rest.map(sayHere).join("; ")}</span>
            </li>
          )}
        </ul>
      )}
    </div>
  );
}

/** "Dana Cole, desk manager, in Cash down". */
function sayHere({ name, role, focus }: Present): string {
  const place = focus === null ? "" : `, in ${fieldLabel(focus)}`;
  return `${name}, ${role.replaceAll("_", " ")}${place}`;
}
