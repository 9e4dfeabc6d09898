import type { QuoteReply } from "../../../wire";

/** Which inputs the quote was computed from, and its number. */
export function Provenance({ quote }: { quote: QuoteReply }) {
  return (
    <footer class="provenance quiet">
      <p>
        {Object.entries(quote.versions).map(([name, version]) => (
          <span key={name}>
            {name} <b>{version}</b>
          </span>
        ))}
      </p>
      {quote.pencil_id && (
        <p>
          Pencil <span class="vin">{quote.pencil_id}</span>
        </p>
      )}
    </footer>
  );
}
