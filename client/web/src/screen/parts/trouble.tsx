import type { ComponentChildren } from "preact";

interface Props {
  /** Within a line or a label, not a paragraph of its own. */
  inline?: boolean;
  children: ComponentChildren;
}

/** Why something was refused, or cannot be read: said at once. Nothing while there is nothing to say. */
export function Trouble({ inline = false, children }: Props) {
  if (!children) return null;
  const Tag = inline ? "span" : "p";
  return (
    <Tag class="trouble" role="alert">
      {children}
    </Tag>
  );
}
