import type { Entry } from "../../palette/entries";

export function helpEntry(run: () => void): Entry {
  return { id: "help", group: "Actions", title: "Help: keys of this page", keys: "?", run };
}

/** Buttons and links of the page that say `data-action` are in the palette by their own words, and are pressed. */
export function marked(): Entry[] {
  const elements = [...document.querySelectorAll<HTMLElement>("[data-action]")];
  return elements.map((element, i) => ({
    id: `marked-${i}`,
    group: "Actions",
    title: element.dataset.action || element.textContent?.trim() || "",
    hindrance: element.matches(":disabled") ? "Not possible now." : null,
    run: () => element.click(),
  }));
}
