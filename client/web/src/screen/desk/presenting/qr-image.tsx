/** The light border that a reader needs, in modules. */
const QUIET = 4;

/** A QR code by its rows of modules, in which "1" is dark: always dark on light, which every reader reads. */
export function QrImage({ rows }: { rows: readonly string[] }) {
  const size = rows.length + 2 * QUIET;
  const path = rows.flatMap((row, y) => [...row].map((module, x) => (module === "1" ? `M${x} ${y}h1v1h-1z` : "")));
  return (
    <svg
      class="qr"
      viewBox={`${-QUIET} ${-QUIET} ${size} ${size}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label="QR code of the link"
    >
      <rect x={-QUIET} y={-QUIET} width={size} height={size} fill="#fff" />
      <path d={path.join("")} fill="#000" />
    </svg>
  );
}
