const seconds = Number(process.env.HEARTBEAT_SECONDS ?? 5);
const name = process.env.WORKER_NAME ?? "worker";
let beats = 0;

function beat() {
  beats += 1;
  console.log(`${new Date().toISOString()} ${name} heartbeat ${beats}`);
}

beat();
const beating = setInterval(beat, seconds * 1000);

function stop(signal) {
  clearInterval(beating);
  console.log(`${signal}: ${name} stops after ${beats} heartbeats`);
  // Nothing else keeps the process alive: it ends by itself, with exit code 0.
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
