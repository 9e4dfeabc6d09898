import { useRef } from "preact/hooks";

interface Props<T extends string> {
  label: string;
  /** The tabs in their order, each with its word. */
  tabs: readonly (readonly [T, string])[];
  chosen: T;
  /** The id of the panel that they all show; each tab's id begins with it. */
  panel: string;
  kind: string;
  choose(tab: T): void;
}

/** Tabs of the WAI-ARIA pattern: arrows, Home and End move and choose; only the chosen one is reached by Tab. */
export function TabList<T extends string>({ label, tabs, chosen, panel, kind, choose }: Props<T>) {
  const list = useRef<HTMLDivElement>(null);

  function onKeyDown(event: KeyboardEvent): void {
    const next = tabAfter(
      event.key,
      tabs.findIndex(([tab]) => tab === chosen),
      tabs.length,
    );
    if (next === null) return;
    choose(tabs[next]![0]);
    list.current?.querySelector<HTMLButtonElement>(`#${tabId(panel, tabs[next]![0])}`)?.focus();
    event.preventDefault();
  }

  return (
    <div ref={list} class={kind} role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(([tab, word]) => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={tabId(panel, tab)}
          aria-selected={tab === chosen}
          aria-controls={panel}
          tabIndex={tab === chosen ? 0 : -1}
          onClick={() => choose(tab)}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

/** Returns the id of the tab that names a panel. */
export function tabId(panel: string, tab: string): string {
  return `${panel}-${tab}`;
}

/** Returns the tab that a key leads to, around the ends; null for a key that leads nowhere. */
export function tabAfter(key: string, index: number, count: number): number | null {
  const targets: Record<string, number> = {
    ArrowRight: (index + 1) % count,
    ArrowLeft: (index - 1 + count) % count,
    Home: 0,
    End: count - 1,
  };
  return targets[key] ?? null;
}
