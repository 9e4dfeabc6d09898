// The page that a customer sees: on the store's screen, or on a device of their own by a link. It shares the connection
// with the staff's page and nothing else, so that neither its code nor its memory knows of anything internal.
import { render } from "preact";
import { browser, socketAddress } from "../live/environment";
import { formatsFor } from "../text/format";
import { Door, doorway } from "./door";
import { OwnDevice } from "./parts/own-device";
import { StoreScreen } from "./parts/store-screen";
import { OfferSession } from "./session";
import "../styles/present/index.css";

const place = document.getElementById("app");
if (!place) throw new Error("The page has no #app.");
const formats = formatsFor(navigator.language);
const address = socketAddress(location);
// The server names the deal on the store's screen; a customer's link names none.
const { dealId } = place.dataset;
if (dealId) {
  const session = new OfferSession(`deal:${dealId}`, address, browser);
  render(<StoreScreen session={session} dealPath={`/deals/${dealId}`} formats={formats} />, place);
} else {
  // Another link in the address of the same tab loads nothing by itself.
  addEventListener("hashchange", () => location.reload());
  const open = (channel: string) => new OfferSession(channel, `${address}?as=customer`, browser);
  render(<OwnDevice door={new Door(doorway)} open={open} formats={formats} />, place);
}
