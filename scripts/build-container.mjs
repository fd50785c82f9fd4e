/** Bundles what runs in a container beside the app into one file, for the oldest Node that an image may have. */
export async function buildContainer(source, target) {
  const { build, stop } = await import("esbuild");
  await build({
    entryPoints: [source],
    outfile: target,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node18",
    logLevel: "warning",
  });
  // Whoever builds may go on as the server: esbuild's own process would stay beside it.
  await stop();
}
