import { useMemo } from "preact/hooks";
import { qrCode, qrPath } from "../../../text/qr";

/** The light border that a reader needs, in modules. */
const QUIET = 4;

/** A text as a QR code, drawn by this page: always dark on light, which every reader reads. */
export function QrImage({ text }: { text: string }) {
  const [path, size] = useMemo(() => {
    const modules = qrCode(text);
    return [qrPath(modules), modules.length + 2 * QUIET];
  }, [text]);
  return (
    <svg
      class="qr"
      viewBox={`${-QUIET} ${-QUIET} ${size} ${size}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label="QR code of the link"
    >
      <rect x={-QUIET} y={-QUIET} width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
