/**
 * Runs in a container in front of the app, bundled to one file that needs nothing but Node 18: prepares what the job
 * in `REBAKE_JOB` names and starts it, or tries a probe when called with `--probe` and its JSON.
 */
// Whoever reads along may go first.
process.stdout.on("error", () => undefined);
if (process.argv[2] === "--probe") {
  const { probe } = await import("./probe.js");
  process.exitCode = await probe(JSON.parse(process.argv[3]!), process.env);
} else {
  const { run } = await import("./run.js");
  process.exitCode = await run(process.env);
}
// Whatever is still open, streams of stray descendants for example, must not keep the container. What was written to
// stdout is out before the exit code is.
process.stdout.write("", () => process.exit());
