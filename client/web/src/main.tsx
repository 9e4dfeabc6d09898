import { render } from "preact";
import { browser } from "./live/environment";
import { signedIn } from "./page";
import { createRouter } from "./router";
import { App } from "./screen/app";
import { formatsFor } from "./text/format";
import "./styles/index.css";

const place = document.getElementById("app");
if (!place) throw new Error("The page has no #app.");
render(
  <App user={signedIn(place)} router={createRouter()} formats={formatsFor(navigator.language)} environment={browser} />,
  place,
);
