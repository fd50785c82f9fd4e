import { startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { silent } from "./silent.js";

/** A server that is there to be killed: starts PostgreSQL for the home it is given and stays. */
const started = await startEmbeddedPostgres({ home: process.argv[2]!, log: silent, unsafeFast: true });
process.send!({ url: started.url, folder: started.folder });
// Listening keeps the process; it ends with the one that started it.
process.on("message", () => {});
