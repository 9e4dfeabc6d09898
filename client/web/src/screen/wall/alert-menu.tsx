import { useRef } from "preact/hooks";
import type { Alerts } from "../../wall/alerts";
import type { Wish } from "../../wall/news";
import { useCloseOutside } from "../focus/close-outside";

const WISHES: [Wish, string][] = [
  ["hidden", "When this page is hidden"],
  ["always", "Always"],
  ["off", "Never"],
];

/** Sound and notification for a new submit. The browser is asked when the person turns them on, never before. */
export function AlertMenu({ alerts }: { alerts: Alerts }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useCloseOutside(menu);
  const wish = alerts.wish.value;
  const permission = alerts.permission.value;
  return (
    <details class="menu alert-menu" ref={menu}>
      <summary class="button">Alerts {wish === "off" ? "off" : "on"}</summary>
      <div class="menu-body">
        {wish === "off" && permission === "default" ? (
          <button type="button" class="button" onClick={() => void alerts.want("hidden")}>
            Turn on alerts
          </button>
        ) : (
          <fieldset class="reasons">
            <legend>Sound for a new submit</legend>
            {WISHES.map(([value, words]) => (
              <label key={value}>
                <input type="radio" name="alerts" checked={wish === value} onChange={() => void alerts.want(value)} />
                {words}
              </label>
            ))}
            <button type="button" class="button small" onClick={() => alerts.test()}>
              Play it
            </button>
          </fieldset>
        )}
        <p class="quiet">
          {permission === "granted"
            ? wish === "off"
              ? "No sound and no notification."
              : "While this page is hidden, the browser notifies you too."
            : permission === "denied"
              ? "The browser blocks notifications of this site: sound only. Its settings can allow them."
              : permission === "missing"
                ? "This browser has no notifications: sound only."
                : "A short sound, and a notification while this page is hidden. The browser asks you once."}
        </p>
      </div>
    </details>
  );
}
