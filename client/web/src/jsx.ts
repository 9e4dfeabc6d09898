// What the build puts into each script that has JSX: shorter calls than those of the automatic runtime.
// biome-ignore lint/performance/noBarrelFile: not imported by anything, but injected
export { Fragment, h } from "preact";
