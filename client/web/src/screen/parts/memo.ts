import { Component, type FunctionComponent, h } from "preact";

/** Wraps a component so that it is drawn again only when one of its properties is another value. */
export function memo<P extends object>(draw: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const now = this.props as Record<string, unknown>;
      return Object.entries(next).some(([name, value]) => now[name] !== value);
    }

    override render() {
      return h(draw, this.props as P);
    }
  }
  return (props) => h(Memo, props);
}
