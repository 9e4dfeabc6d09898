// What the server wrote into the page: who is signed in and the token that forms must carry.
import { Role, type View } from "./wire";

export interface SignedIn {
  id: string;
  name: string;
  role: Role;
  store_id: string;
}

/** Returns who is signed in, from the attributes of the client's place in the page. */
export function signedIn(place: HTMLElement): SignedIn {
  const { userId, userName, userRole, storeId } = place.dataset;
  const role = Role.find((known) => known === userRole);
  if (!userId || !userName || !role || !storeId) throw new Error("The page does not say who is signed in.");
  return { id: userId, name: userName, role, store_id: storeId };
}

export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/** Returns the widest view of a role; the server caps it all the same. */
export function widestView(role: Role): View {
  return role === "salesperson" ? "sales" : "manager";
}
